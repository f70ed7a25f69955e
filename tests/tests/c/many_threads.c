/* Many threads share one cluster handle. Each takes a resource of its own, r0, r1, ..., offline and online again,
 * several times, and is told by a port of its own; some more only look, at everything, all the while. */
#include "say.h"

#include <pthread.h>
#include <stdatomic.h>

#define WORKERS 6
#define LOOKERS 4
#define ROUNDS 3

static HCLUSTER cluster;
static atomic_int working = WORKERS;

static HRESOURCE open_numbered(int number)
{
    WCHAR name[3] = {'r', (WCHAR)('0' + number), 0};
    HRESOURCE resource = OpenClusterResource(cluster, name);
    NEED(resource != NULL);
    return resource;
}

static void *work(void *argument)
{
    NOTIFY_FILTER_AND_TYPE states = {CLUSTER_OBJECT_TYPE_RESOURCE, CLUSTER_CHANGE_RESOURCE_STATE_V2};
    int number = (int)(size_t)argument;
    DWORD_PTR key = 100 + (DWORD_PTR)number;
    HRESOURCE resource = open_numbered(number);
    HCHANGE port = CreateClusterNotifyPortV2((HCHANGE)INVALID_HANDLE_VALUE, (HCLUSTER)INVALID_HANDLE_VALUE, NULL, 0, 0);
    NEED(port != NULL);
    NEED_IS(RegisterClusterNotifyV2(port, states, resource, key), ERROR_SUCCESS);
    for (int round = 0; round < ROUNDS; round++) {
        NEED_IS(OfflineClusterResourceEx(resource, 0, NULL, 0), ERROR_IO_PENDING);
        NEED_IS(next_state(port, key), ClusterResourceOfflinePending);
        NEED_IS(next_state(port, key), ClusterResourceOffline);
        /* The last error is each thread's own. */
        SetLastError((DWORD)number);
        NEED_IS(OnlineClusterResource(resource), ERROR_IO_PENDING);
        NEED_IS(GetLastError(), number);
        NEED_IS(next_state(port, key), ClusterResourceOnlinePending);
        NEED_IS(next_state(port, key), ClusterResourceOnline);
    }
    NEED(CloseClusterNotifyPort(port));
    NEED(CloseClusterResource(resource));
    atomic_fetch_sub(&working, 1);
    return NULL;
}

static void *look(void *argument)
{
    unsigned looks = 0;
    do {
        for (int number = 0; number < WORKERS; number++) {
            HRESOURCE resource = open_numbered(number);
            CLUSTER_RESOURCE_STATE state = GetClusterResourceState(resource, NULL, NULL, NULL, NULL);
            NEED(state != ClusterResourceStateUnknown && state != ClusterResourceFailed);
            NEED(CloseClusterResource(resource));
            /* A closed handle is told, whatever the others open meanwhile. */
            NEED(GetClusterResourceState(resource, NULL, NULL, NULL, NULL) == ClusterResourceStateUnknown);
            NEED_IS(GetLastError(), ERROR_INVALID_HANDLE);
            looks++;
        }
    } while (atomic_load(&working) > 0);
    *(unsigned *)argument = looks;
    return NULL;
}

int main(void)
{
    pthread_t threads[WORKERS + LOOKERS];
    unsigned looks[LOOKERS] = {0};
    cluster = OpenCluster(NULL);
    NEED(cluster != NULL);
    for (int i = 0; i < WORKERS; i++)
        NEED(pthread_create(&threads[i], NULL, work, (void *)(size_t)i) == 0);
    for (int i = 0; i < LOOKERS; i++)
        NEED(pthread_create(&threads[WORKERS + i], NULL, look, &looks[i]) == 0);
    for (int i = 0; i < WORKERS + LOOKERS; i++)
        NEED(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < LOOKERS; i++)
        NEED(looks[i] >= WORKERS);
    NEED(CloseCluster(cluster));
    printf("%d\n", WORKERS * ROUNDS);
    return 0;
}
