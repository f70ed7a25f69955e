/* Sixteen threads open, use and close what they share, also what another has closed, while the service dies and comes
 * back under them. Every answer is one that a program has to expect, and nothing crashes. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 16
#define SHARED 8

static HCLUSTER cluster;
static _Atomic(HRESOURCE) resources[SHARED];
static _Atomic(HCLUSENUM) lists[SHARED];
static _Atomic(HCHANGE) ports[SHARED];
static atomic_int is_over;

/* What a call through a handle may answer that is good, closed, or cut off. */
static int expected(DWORD error)
{
    switch (error) {
    case ERROR_SUCCESS:
    case ERROR_IO_PENDING:
    case ERROR_INVALID_HANDLE:
    case ERROR_NO_MORE_ITEMS:
    case WAIT_TIMEOUT:
    case RPC_S_SERVER_UNAVAILABLE:
    case RPC_S_CALL_FAILED:
    /* A service that is ending refuses new connections. */
    case RPC_S_SERVER_TOO_BUSY:
        return 1;
    default:
        return 0;
    }
}

static DWORD unless(int is_good)
{
    return is_good ? ERROR_SUCCESS : GetLastError();
}

static DWORD open_one(size_t place)
{
    HRESOURCE opened = OpenClusterResource(cluster, place % 2 ? L"web" : L"db");
    if (opened == NULL)
        return GetLastError();
    HRESOURCE before = atomic_exchange(&resources[place], opened);
    return before == NULL ? ERROR_SUCCESS : unless(CloseClusterResource(before));
}

static DWORD list_all(size_t place)
{
    WCHAR name[64];
    DWORD kind, length = 64;
    HCLUSENUM opened = ClusterOpenEnum(cluster, CLUSTER_ENUM_RESOURCE);
    if (opened == NULL)
        return GetLastError();
    HCLUSENUM before = atomic_exchange(&lists[place], opened);
    return before == NULL ? ClusterEnum(opened, (DWORD)place, &kind, name, &length) : ClusterCloseEnum(before);
}

static DWORD watch(size_t place)
{
    NOTIFY_FILTER_AND_TYPE filter = {CLUSTER_OBJECT_TYPE_RESOURCE, CLUSTER_CHANGE_RESOURCE_STATE_V2};
    HCHANGE port = CreateClusterNotifyPortV2((HCHANGE)INVALID_HANDLE_VALUE, cluster, &filter, 1, place);
    if (port == NULL)
        return GetLastError();
    HCHANGE before = atomic_exchange(&ports[place], port);
    return before == NULL ? ERROR_SUCCESS : unless(CloseClusterNotifyPort(before));
}

static DWORD hear(size_t place)
{
    DWORD_PTR key;
    return GetClusterNotifyV2(ports[place], &key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0);
}

static DWORD in_a_child(size_t place)
{
    pid_t child = fork();
    if (child == 0) {
        /* The parent's handles are none of the child's; its own work if the service is there. */
        int is_bad = GetClusterResourceState(resources[place], NULL, NULL, NULL, NULL) != -1;
        is_bad |= GetLastError() != ERROR_INVALID_HANDLE;
        HCLUSTER own = OpenCluster(NULL);
        if (own != NULL)
            is_bad |= !CloseCluster(own);
        _exit(is_bad);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    return ERROR_SUCCESS;
}

static DWORD call(unsigned what, size_t place)
{
    switch (what) {
    case 0:
        return open_one(place);
    case 1:
        return unless(CloseClusterResource(resources[place]));
    case 2:
        return OfflineClusterResourceEx(resources[place], 0, NULL, 0);
    case 3:
        return list_all(place);
    case 4:
        return watch(place);
    case 5:
        return hear(place);
    case 6:
        return unless(CloseClusterNotifyPort(ports[place]));
    default:
        return unless(GetClusterResourceState(resources[place], NULL, NULL, NULL, NULL) >= 0);
    }
}

static void *storm(void *number)
{
    unsigned seed = (unsigned)(size_t)number;
    size_t unexpected = 0;
    for (unsigned round = 0; !is_over; round++) {
        size_t place = (size_t)rand_r(&seed) % SHARED;
        DWORD error = round % 200 == 199 ? in_a_child(place) : call((unsigned)rand_r(&seed) % 12, place);
        if (!expected(error) && unexpected++ == 0)
            printf("unexpected: %u\n", (unsigned)error);
    }
    return (void *)unexpected;
}

int main(void)
{
    pthread_t threads[THREADS];
    cluster = OpenCluster(NULL);
    CHECK(cluster != NULL);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, storm, (void *)(i + 1));
    /* The test kills and restarts the service meanwhile. */
    getchar();
    is_over = 1;
    for (size_t i = 0; i < THREADS; i++) {
        void *unexpected = NULL;
        pthread_join(threads[i], &unexpected);
        CHECK_IS((size_t)unexpected, 0);
    }
    CHECK(CloseCluster(cluster));
    printf("%d failures\n", failures);
    return failures != 0;
}
