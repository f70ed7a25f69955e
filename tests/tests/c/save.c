/* Has a virtual machine saved: `Virtual Machine` = 1, in a property list that is put together byte by byte.
 *
 * save RESOURCE */
#include "say.h"

#include <string.h>

int main(int argc, char **argv)
{
    static const char property[] = "Virtual Machine";
    BYTE list[60] = {1, 0, 0, 0,                 /* one property */
                     3, 0, 4, 0, 32, 0, 0, 0,    /* a name of 32 bytes */
                     [44] = 2, 0, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, /* a DWORD: 1 */
                     0, 0, 0, 0};                /* its end */
    WCHAR name[256];
    NEED(argc == 2);
    widen(argv[1], name, 256);
    for (size_t i = 0; i < strlen(property); i++)
        list[12 + 2 * i] = (BYTE)property[i];

    HCLUSTER cluster = OpenCluster(NULL);
    NEED(cluster != NULL);
    HRESOURCE resource = OpenClusterResource(cluster, name);
    NEED(resource != NULL);
    NEED_IS(OfflineClusterResourceEx(resource, 0, list, sizeof(list)), ERROR_IO_PENDING);
    CLUSTER_RESOURCE_STATE state;
    while ((state = GetClusterResourceState(resource, NULL, NULL, NULL, NULL)) == ClusterResourceOfflinePending)
        Sleep(20);
    NEED_IS(state, ClusterResourceOffline);
    printf("saved\n");
    CloseClusterResource(resource);
    CloseCluster(cluster);
    return 0;
}
