/* Takes the resource named on the command line offline, and prints each state that its notification port tells. */
#include "say.h"

int main(int argc, char **argv)
{
    NOTIFY_FILTER_AND_TYPE states = {CLUSTER_OBJECT_TYPE_RESOURCE, CLUSTER_CHANGE_RESOURCE_STATE_V2};
    WCHAR name[256];
    DWORD state;

    NEED(argc == 2);
    widen(argv[1], name, 256);
    HCLUSTER cluster = OpenCluster(NULL);
    NEED(cluster != NULL);
    HRESOURCE resource = OpenClusterResource(cluster, name);
    NEED(resource != NULL);
    HCHANGE port = CreateClusterNotifyPortV2((HCHANGE)INVALID_HANDLE_VALUE, (HCLUSTER)INVALID_HANDLE_VALUE, NULL, 0, 0);
    NEED(port != NULL);
    NEED_IS(RegisterClusterNotifyV2(port, states, resource, 4711), ERROR_SUCCESS);
    NEED_IS(OfflineClusterResourceEx(resource, 0, NULL, 0), ERROR_IO_PENDING);
    do {
        state = next_state(port, 4711);
        printf("%s\n", state_name(state));
    } while (state != ClusterResourceOffline);
    /* What was told is true, and was all. */
    NEED(GetClusterResourceState(resource, NULL, NULL, NULL, NULL) == ClusterResourceOffline);
    NEED_IS(GetClusterNotifyV2(port, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0),
            WAIT_TIMEOUT);
    NEED(CloseClusterNotifyPort(port));
    NEED(CloseClusterResource(resource));
    NEED(CloseCluster(cluster));
    return 0;
}
