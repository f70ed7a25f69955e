/* Notification ports. */
#include "check.h"

#include <pthread.h>
#include <signal.h>

static HCHANGE port;

static DWORD get(DWORD_PTR *key, NOTIFY_FILTER_AND_TYPE *filter, DWORD milliseconds)
{
    return GetClusterNotifyV2(port, key, filter, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                              milliseconds);
}

static void *waiter(void *result)
{
    DWORD_PTR key;
    *(DWORD *)result = get(&key, NULL, INFINITE);
    return NULL;
}

int main(void)
{
    NOTIFY_FILTER_AND_TYPE states = {CLUSTER_OBJECT_TYPE_RESOURCE, CLUSTER_CHANGE_RESOURCE_STATE_V2};
    NOTIFY_FILTER_AND_TYPE closes = {CLUSTER_OBJECT_TYPE_RESOURCE, CLUSTER_CHANGE_RESOURCE_HANDLE_CLOSE_V2};
    NOTIFY_FILTER_AND_TYPE none = {CLUSTER_OBJECT_TYPE_RESOURCE, 0};
    NOTIFY_FILTER_AND_TYPE seen = {0, 0};
    HCHANGE invalid = (HCHANGE)INVALID_HANDLE_VALUE;
    DWORD_PTR key = 0;
    HCLUSTER cluster = OpenCluster(NULL);
    HRESOURCE web = OpenClusterResource(cluster, L"web");
    HRESOURCE db = OpenClusterResource(cluster, L"db");
    CHECK(web != NULL && db != NULL);

    CHECK_FAILS(CreateClusterNotifyPortV2(invalid, cluster, NULL, 1, 0), NULL, ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CreateClusterNotifyPortV2(invalid, cluster, &none, 1, 0), NULL, ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CreateClusterNotifyPortV2(NULL, cluster, &states, 1, 0), NULL, ERROR_INVALID_HANDLE);
    CHECK_FAILS(CreateClusterNotifyPortV2(invalid, (HCLUSTER)web, &states, 1, 0), NULL, ERROR_INVALID_HANDLE);
    port = CreateClusterNotifyPortV2(invalid, (HCLUSTER)INVALID_HANDLE_VALUE, NULL, 0, 0);
    CHECK(port != NULL);
    CHECK_IS(get(&key, &seen, 0), WAIT_TIMEOUT);
    CHECK(CreateClusterNotifyPortV2(port, cluster, &states, 1, (DWORD_PTR)0x1122334455667788) == port);
    CHECK_IS(RegisterClusterNotifyV2(port, closes, db, 7), ERROR_SUCCESS);
    CHECK_IS(RegisterClusterNotifyV2(port, none, db, 7), ERROR_INVALID_PARAMETER);
    CHECK_IS(RegisterClusterNotifyV2(port, closes, NULL, 7), ERROR_INVALID_HANDLE);
    CHECK_IS(get(&key, &seen, 0), WAIT_TIMEOUT);

    /* Sizes first, one buffer too small, then the event: it is there until it was taken. */
    BYTE buffer[8];
    WCHAR id[64], parent[64], name[64], type[64];
    DWORD buffer_size = 0, id_length = 0, parent_length = 0, name_length = 0, type_length = 0;
    CHECK_IS(OfflineClusterResource(web), ERROR_IO_PENDING);
    CHECK_IS(GetClusterNotifyV2(port, &key, &seen, NULL, &buffer_size, NULL, &id_length, NULL, &parent_length, NULL,
                                &name_length, NULL, &type_length, INFINITE), ERROR_MORE_DATA);
    CHECK(buffer_size == 4 && id_length == 36 && parent_length == 6 && name_length == 3 && type_length == 19);
    CHECK_IS(key, 0);
    id_length = parent_length = type_length = 64;
    name_length = 3;
    CHECK_IS(GetClusterNotifyV2(port, &key, &seen, buffer, &buffer_size, id, &id_length, parent, &parent_length, name,
                                &name_length, type, &type_length, 0), ERROR_MORE_DATA);
    id_length = parent_length = name_length = type_length = 64;
    CHECK_IS(GetClusterNotifyV2(port, &key, &seen, buffer, &buffer_size, id, &id_length, parent, &parent_length, name,
                                &name_length, type, &type_length, 0), ERROR_SUCCESS);
    CHECK_IS(key, 0x1122334455667788);
    CHECK(seen.dwObjectType == CLUSTER_OBJECT_TYPE_RESOURCE && seen.FilterFlags == CLUSTER_CHANGE_RESOURCE_STATE_V2);
    CHECK(same(name, L"web") && same(parent, L"parent") && same(type, L"Generic Application"));
    CHECK(buffer[0] == ClusterResourceOffline && name_length == 3);
    CHECK_IS(get(&key, &seen, 0), WAIT_TIMEOUT);
    CHECK_IS(get(&key, &seen, 20), WAIT_TIMEOUT);

    CHECK(CloseClusterResource(db));
    CHECK_IS(get(&key, &seen, INFINITE), ERROR_SUCCESS);
    CHECK(key == 7 && seen.FilterFlags == CLUSTER_CHANGE_RESOURCE_HANDLE_CLOSE_V2);
    /* The caller's own mask of signals is as it was. */
    sigset_t mask;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0 && !sigismember(&mask, SIGTERM));

    /* A waiting thread learns that the port is closed, wherever it is in its wait. */
    pthread_t thread;
    DWORD result = 0;
    pthread_create(&thread, NULL, waiter, &result);
    CHECK(CloseClusterNotifyPort(port));
    pthread_join(thread, NULL);
    CHECK_IS(result, ERROR_INVALID_HANDLE);
    CHECK_FAILS(CloseClusterNotifyPort(port), FALSE, ERROR_INVALID_HANDLE);
    CHECK_IS(RegisterClusterNotifyV2(port, closes, web, 7), ERROR_INVALID_HANDLE);

    CHECK(CloseClusterResource(web));
    CHECK(CloseCluster(cluster));
    printf("%d failures\n", failures);
    return failures != 0;
}
