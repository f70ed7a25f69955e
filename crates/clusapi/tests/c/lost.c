/* The service dies while a call is in flight, and comes back. */
#include "check.h"

int main(void)
{
    HCLUSTER cluster = OpenCluster(NULL);
    HRESOURCE web = OpenClusterResource(cluster, L"web");
    CHECK(web != NULL);
    /* The test kills the service here, before it answers, and starts it again. */
    CHECK_IS(OfflineClusterResourceEx(web, 0, NULL, 0), RPC_S_CALL_FAILED);
    puts("lost");
    fflush(stdout);
    getchar();
    CHECK_IS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), ClusterResourceOnline);
    CHECK_IS(OfflineClusterResourceEx(web, 0, NULL, 0), ERROR_IO_PENDING);
    puts("back");
    fflush(stdout);
    getchar();
    /* Now it is gone for good. */
    CHECK_FAILS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), -1, RPC_S_SERVER_UNAVAILABLE);
    CHECK(CloseClusterResource(web));
    CHECK(CloseCluster(cluster));
    printf("%d failures\n", failures);
    return failures != 0;
}
