/* One thread's call takes long; the others go on. */
#include "check.h"

#include <pthread.h>

static HRESOURCE web;

static void *offline(void *result)
{
    *(DWORD *)result = OfflineClusterResourceEx(web, 0, NULL, 0);
    return NULL;
}

int main(void)
{
    HCLUSTER cluster = OpenCluster(NULL);
    pthread_t thread;
    DWORD result = 0;
    web = OpenClusterResource(cluster, L"web");
    pthread_create(&thread, NULL, offline, &result);
    /* The test goes on when the call has arrived, and answers it when the other calls are through. */
    getchar();
    for (int i = 0; i < 20; i++)
        CHECK_IS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), ClusterResourceOnline);
    HRESOURCE db = OpenClusterResource(cluster, L"db");
    CHECK(db != NULL);
    CHECK(CloseClusterResource(web));
    CHECK_FAILS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), -1, ERROR_INVALID_HANDLE);
    puts("free");
    fflush(stdout);
    pthread_join(thread, NULL);
    CHECK_IS(result, ERROR_IO_PENDING);
    CHECK(CloseClusterResource(db));
    CHECK(CloseCluster(cluster));
    printf("%d failures\n", failures);
    return failures != 0;
}
