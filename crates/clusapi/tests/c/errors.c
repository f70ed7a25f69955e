/* Every mistake a program can make with a handle, a pointer or a size, and the error that it deserves. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static HCLUSTER cluster;
static HRESOURCE web;

static int entries_of(const char *directory)
{
    int count = 0;
    DIR *dir = opendir(directory);
    while (dir != NULL && readdir(dir) != NULL)
        count++;
    if (dir != NULL)
        closedir(dir);
    return count;
}

static void opening(void)
{
    DWORD granted = 0;
    int descriptors_before = entries_of("/proc/self/fd");
    int fd;

    CHECK_FAILS(OpenCluster(L"elsewhere"), NULL, RPC_S_SERVER_UNAVAILABLE);
    CHECK_FAILS(OpenCluster(L"/nowhere/at/all.sock"), NULL, RPC_S_SERVER_UNAVAILABLE);
    cluster = OpenCluster(NULL);
    CHECK(cluster != NULL);
    HCLUSTER reader = OpenClusterEx(NULL, GENERIC_READ, &granted);
    CHECK(reader != NULL && reader != cluster);
    CHECK_IS(granted, GENERIC_READ);
    CHECK(CloseCluster(reader));
    CHECK_FAILS(CloseCluster(reader), FALSE, ERROR_INVALID_HANDLE);
    CHECK_FAILS(CloseCluster(NULL), FALSE, ERROR_INVALID_HANDLE);

    /* A guest: no thread, and descriptors that do not outlive exec. "." and ".." and the directory itself aside. */
    CHECK_IS(entries_of("/proc/self/task"), 3);
    CHECK_IS(entries_of("/proc/self/fd"), descriptors_before + 1);
    for (fd = 3; fd < 64; fd++) {
        char link[64], target[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length > 7 && target[0] == 's' && target[1] == 'o') /* a socket */
            CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
}

static void names(void)
{
    WCHAR no_text[] = {0xD800, 'x', 0};
    DWORD granted = 0;

    CHECK_FAILS(OpenClusterResource(cluster, NULL), NULL, ERROR_INVALID_PARAMETER);
    CHECK_FAILS(OpenClusterResource(cluster, no_text), NULL, ERROR_INVALID_PARAMETER);
    CHECK_FAILS(OpenClusterResource(cluster, L"missing"), NULL, ERROR_RESOURCE_NOT_FOUND);
    CHECK_FAILS(OpenClusterGroup(cluster, L"missing"), NULL, ERROR_GROUP_NOT_FOUND);
    CHECK_FAILS(OpenClusterNode(cluster, L"missing"), NULL, ERROR_CLUSTER_NODE_NOT_FOUND);
    web = OpenClusterResource(cluster, L"WEB");
    CHECK(web != NULL);
    HRESOURCE reader = OpenClusterResourceEx(cluster, L"web", GENERIC_READ, &granted);
    CHECK_IS(granted, GENERIC_READ);
    /* What needs the reason's own way is refused for a reader as it would be without. */
    CHECK_IS(OfflineClusterResourceEx2(reader, 0, NULL, 0, L"why"), ERROR_ACCESS_DENIED);
    CHECK(CloseClusterResource(reader));
}

static void handles(void)
{
    HRESOURCE strange[] = {NULL, (HRESOURCE)0x1234, (HRESOURCE)INVALID_HANDLE_VALUE, (HRESOURCE)cluster,
                           (HRESOURCE)((ULONG_PTR)web + 1), (HRESOURCE)((ULONG_PTR)web + (1ull << 40))};
    DWORD size = 0;
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        HRESOURCE bad = strange[i];
        CHECK_FAILS(GetClusterResourceState(bad, NULL, NULL, NULL, NULL), -1, ERROR_INVALID_HANDLE);
        CHECK_IS(OnlineClusterResource(bad), ERROR_INVALID_HANDLE);
        CHECK_IS(OfflineClusterResource(bad), ERROR_INVALID_HANDLE);
        CHECK_IS(OfflineClusterResourceEx(bad, 0, NULL, 4), ERROR_INVALID_HANDLE);
        CHECK_IS(OfflineClusterResourceEx2(bad, 0, NULL, 0, L"why"), ERROR_INVALID_HANDLE);
        CHECK_IS(OnlineClusterResourceEx(bad, 0, NULL, 0), ERROR_INVALID_HANDLE);
        CHECK_IS(FailClusterResource(bad), ERROR_INVALID_HANDLE);
        CHECK_IS(RestartClusterResource(bad, 0), ERROR_INVALID_HANDLE);
        CHECK_IS(DeleteClusterResource(bad), ERROR_INVALID_HANDLE);
        CHECK_IS(AddClusterResourceDependency(bad, web), ERROR_INVALID_HANDLE);
        CHECK_IS(RemoveClusterResourceDependency(web, bad), ERROR_INVALID_HANDLE);
        CHECK_IS(SetClusterResourceDependencyExpression(bad, L"[db]"), ERROR_INVALID_HANDLE);
        CHECK_IS(GetClusterResourceDependencyExpression(bad, NULL, &size), ERROR_INVALID_HANDLE);
        CHECK_FAILS(CanResourceBeDependent(web, bad), FALSE, ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterFromResource(bad), NULL, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterResourceOpenEnum(bad, 7), NULL, ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterResourceControl(bad, NULL, 0x01000029, NULL, 0, NULL, 0, &size), ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseClusterResource(bad), FALSE, ERROR_INVALID_HANDLE);

        CHECK_FAILS(GetClusterGroupState((HGROUP)bad, NULL, NULL), -1, ERROR_INVALID_HANDLE);
        CHECK_IS(OnlineClusterGroup((HGROUP)bad, NULL), ERROR_INVALID_HANDLE);
        CHECK_IS(OnlineClusterGroupEx((HGROUP)bad, NULL, 0, NULL, 0), ERROR_INVALID_HANDLE);
        CHECK_IS(OfflineClusterGroup((HGROUP)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(OfflineClusterGroupEx((HGROUP)bad, 0, NULL, 0), ERROR_INVALID_HANDLE);
        CHECK_IS(DeleteClusterGroup((HGROUP)bad), ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterFromGroup((HGROUP)bad), NULL, ERROR_INVALID_HANDLE);
        CHECK_FAILS(CreateClusterResource((HGROUP)bad, L"n", L"t", 0), NULL, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterGroupOpenEnum((HGROUP)bad, 3), NULL, ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterNodeControl((HNODE)bad, NULL, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterGroupControl((HGROUP)bad, NULL, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseClusterGroup((HGROUP)bad), FALSE, ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterNodeState((HNODE)bad), -1, ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterFromNode((HNODE)bad), NULL, ERROR_INVALID_HANDLE);
        CHECK_IS(PauseClusterNode((HNODE)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(PauseClusterNodeEx2((HNODE)bad, FALSE, 0, NULL, L"why"), ERROR_INVALID_HANDLE);
        CHECK_IS(ResumeClusterNode((HNODE)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(ResumeClusterNodeEx2((HNODE)bad, DoNotFailbackGroups, 0, L"why"), ERROR_INVALID_HANDLE);
        CHECK_IS(CancelClusterGroupOperation((HGROUP)bad, 0), ERROR_INVALID_HANDLE);
        CHECK_IS(SetClusterGroupNodeList((HGROUP)bad, 0, NULL), ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseClusterNode((HNODE)bad), FALSE, ERROR_INVALID_HANDLE);
        CHECK_IS(DeleteClusterGroupSet((HGROUPSET)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterRemoveGroupFromGroupSet((HGROUP)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(SetGroupDependencyExpression((HGROUP)bad, L""), ERROR_INVALID_HANDLE);
        CHECK_IS(SetClusterGroupSetDependencyExpression((HGROUPSET)bad, L""), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterGroupSetControl((HGROUPSET)bad, NULL, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseClusterGroupSet((HGROUPSET)bad), FALSE, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterNodeOpenEnum((HNODE)bad, 1), NULL, ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterNetworkState((HNETWORK)bad), -1, ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterFromNetwork((HNETWORK)bad), NULL, ERROR_INVALID_HANDLE);
        CHECK_IS(SetClusterNetworkName((HNETWORK)bad, L"n"), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterNetworkControl((HNETWORK)bad, NULL, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterNetworkOpenEnum((HNETWORK)bad, 1), NULL, ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseClusterNetwork((HNETWORK)bad), FALSE, ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterNetInterfaceState((HNETINTERFACE)bad), -1, ERROR_INVALID_HANDLE);
        CHECK_FAILS(GetClusterFromNetInterface((HNETINTERFACE)bad), NULL, ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterNetInterfaceControl((HNETINTERFACE)bad, NULL, 0, NULL, 0, NULL, 0, NULL),
                 ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseClusterNetInterface((HNETINTERFACE)bad), FALSE, ERROR_INVALID_HANDLE);

        CHECK_IS(SetClusterResourceName(bad, L"n"), ERROR_INVALID_HANDLE);
        CHECK_IS(SetClusterGroupName((HGROUP)bad, L"n"), ERROR_INVALID_HANDLE);

        CHECK_FAILS(ClusterGetEnumCount((HCLUSENUM)bad), 0, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterGetEnumCountEx((HCLUSENUMEX)bad), 0, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterGroupGetEnumCount((HGROUPENUM)bad), 0, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterGroupGetEnumCountEx((HGROUPENUMEX)bad), 0, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterResourceGetEnumCount((HRESENUM)bad), 0, ERROR_INVALID_HANDLE);
        CHECK_FAILS(ClusterResourceGetEnumCountEx((HRESENUMEX)bad), 0, ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterEnum((HCLUSENUM)bad, 0, NULL, NULL, &size), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterCloseEnum((HCLUSENUM)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterGroupCloseEnum((HGROUPENUM)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterResourceCloseEnum((HRESENUM)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterCloseEnumEx((HCLUSENUMEX)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterGroupCloseEnumEx((HGROUPENUMEX)bad), ERROR_INVALID_HANDLE);
        CHECK_IS(ClusterResourceCloseEnumEx((HRESENUMEX)bad), ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseClusterNotifyPort((HCHANGE)bad), FALSE, ERROR_INVALID_HANDLE);
        CHECK_IS(GetClusterNotifyV2((HCHANGE)bad, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                    NULL, 0), ERROR_INVALID_HANDLE);
        if (bad != (HRESOURCE)cluster) {
            CHECK_FAILS(OpenClusterResource((HCLUSTER)bad, L"web"), NULL, ERROR_INVALID_HANDLE);
            CHECK_FAILS(CreateClusterGroup((HCLUSTER)bad, L"new"), NULL, ERROR_INVALID_HANDLE);
            CHECK_FAILS(ClusterOpenEnum((HCLUSTER)bad, 4), NULL, ERROR_INVALID_HANDLE);
            CHECK_IS(SetClusterName((HCLUSTER)bad, L"n"), ERROR_INVALID_HANDLE);
            CHECK_IS(BackupClusterDatabase((HCLUSTER)bad, L"/b"), ERROR_INVALID_HANDLE);
            CHECK_IS(GetClusterInformation((HCLUSTER)bad, NULL, NULL, NULL), ERROR_INVALID_HANDLE);
            CHECK_IS(ClusterControl((HCLUSTER)bad, NULL, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_HANDLE);
            CHECK_IS(DeleteClusterResourceType((HCLUSTER)bad, L"t"), ERROR_INVALID_HANDLE);
        }
    }
    HRESOURCE closed = OpenClusterResource(cluster, L"db");
    CHECK(CloseClusterResource(closed));
    CHECK_IS(OfflineClusterResource(closed), ERROR_INVALID_HANDLE);
    CHECK_FAILS(CloseClusterResource(closed), FALSE, ERROR_INVALID_HANDLE);
}

static void families(void)
{
    HCLUSTER other = OpenCluster(NULL);
    HRESOURCE foreign = OpenClusterResource(other, L"db");
    HRESOURCE db = OpenClusterResource(cluster, L"db");
    HNODE node = OpenClusterNode(other, L"n1");
    CHECK_IS(GetClusterNodeState(node), ClusterNodeUp);
    CHECK(GetClusterFromNode(node) == other);
    CHECK(GetClusterFromResource(web) == cluster);
    CHECK_IS(AddClusterResourceDependency(web, foreign), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CanResourceBeDependent(web, foreign), FALSE, ERROR_INVALID_PARAMETER);
    CHECK_IS(ClusterResourceControl(web, node, 0x01000029, NULL, 0, NULL, 0, NULL), ERROR_INVALID_PARAMETER);
    CHECK(CanResourceBeDependent(web, db));
    CHECK_FAILS(CanResourceBeDependent(web, web), FALSE, ERROR_INVALID_PARAMETER);
    CHECK_IS(AddClusterResourceDependency(web, db), ERROR_CIRCULAR_DEPENDENCY);

    /* What was opened through a cluster outlives its handle. */
    CHECK(CloseCluster(other));
    CHECK_FAILS(GetClusterFromResource(foreign), NULL, ERROR_INVALID_HANDLE);
    CHECK_IS(GetClusterResourceState(foreign, NULL, NULL, NULL, NULL), ClusterResourceOnline);
    CHECK(CloseClusterNode(node));
    CHECK(CloseClusterResource(foreign));
    CHECK(CloseClusterResource(db));
}

static void expressions(void)
{
    WCHAR text[16];
    DWORD length = 0;

    CHECK_IS(SetClusterResourceDependencyExpression(web, L"[db]"), ERROR_SUCCESS);
    CHECK_IS(SetClusterResourceDependencyExpression(web, L""), ERROR_SUCCESS);
    CHECK_IS(SetClusterResourceDependencyExpression(web, NULL), ERROR_SUCCESS);
    CHECK_IS(SetClusterResourceDependencyExpression(web, L"[db"), ERROR_INVALID_PARAMETER);

    CHECK_IS(GetClusterResourceDependencyExpression(web, NULL, NULL), ERROR_INVALID_PARAMETER);
    CHECK_IS(GetClusterResourceDependencyExpression(web, text, NULL), ERROR_INVALID_PARAMETER);
    CHECK_IS(GetClusterResourceDependencyExpression(web, NULL, &length), ERROR_SUCCESS);
    CHECK_IS(length, 12);
    /* One unit too few for the closing zero: the length is told, and nothing is written. */
    text[0] = L'#';
    CHECK_IS(GetClusterResourceDependencyExpression(web, text, &length), ERROR_MORE_DATA);
    CHECK(length == 12 && text[0] == L'#');
    length++;
    CHECK_IS(GetClusterResourceDependencyExpression(web, text, &length), ERROR_SUCCESS);
    CHECK(length == 12 && same(text, L"([1] or [2])"));
}

static void sizes(void)
{
    WCHAR node[8], group[8];
    DWORD node_length, group_length;

    node_length = group_length = 8;
    CHECK_IS(GetClusterResourceState(web, node, &node_length, group, &group_length), ClusterResourceOnline);
    CHECK(same(node, L"n1") && same(group, L"g"));
    CHECK_IS(node_length, 2);
    CHECK_IS(group_length, 1);
    /* Exactly enough, one too few, and the size only. */
    node_length = 3;
    CHECK_IS(GetClusterResourceState(web, node, &node_length, NULL, NULL), ClusterResourceOnline);
    node_length = 2;
    group_length = 1;
    CHECK_FAILS(GetClusterResourceState(web, node, &node_length, group, &group_length), -1, ERROR_MORE_DATA);
    CHECK_IS(node_length, 2);
    CHECK_IS(group_length, 1);
    node_length = 0;
    CHECK_IS(GetClusterResourceState(web, NULL, &node_length, NULL, NULL), ClusterResourceOnline);
    CHECK_IS(node_length, 2);
    CHECK_FAILS(GetClusterResourceState(web, node, NULL, NULL, NULL), -1, ERROR_INVALID_PARAMETER);

    HGROUP g = OpenClusterGroup(cluster, L"g");
    CHECK_FAILS(GetClusterGroupState(g, node, NULL), -1, ERROR_INVALID_PARAMETER);
    node_length = 1;
    CHECK_FAILS(GetClusterGroupState(g, node, &node_length), -1, ERROR_MORE_DATA);
    node_length = 8;
    CHECK_IS(GetClusterGroupState(g, node, &node_length), ClusterGroupPartialOnline);
    CHECK(CloseClusterGroup(g));

    CLUSTERVERSIONINFO info;
    WCHAR name[8];
    DWORD name_length = 8;
    info.dwVersionInfoSize = sizeof info;
    CHECK_IS(GetClusterInformation(cluster, name, &name_length, &info), ERROR_SUCCESS);
    CHECK(same(name, L"t\u00e9st") && name_length == 4);
    CHECK_IS(info.MajorVersion, 10);
    CHECK_IS(info.BuildNumber, 7);
    CHECK(same(info.szVendorId, L"Mainstay") && info.szCSDVersion[0] == 0);
    CHECK_IS(info.dwClusterHighestVersion, 0x000A0007);
    info.dwVersionInfoSize = sizeof info - 4;
    CHECK_IS(GetClusterInformation(cluster, name, &name_length, &info), ERROR_INVALID_PARAMETER);
    CHECK_IS(GetClusterInformation(cluster, name, NULL, NULL), ERROR_INVALID_PARAMETER);
    name_length = 4;
    CHECK_IS(GetClusterInformation(cluster, name, &name_length, NULL), ERROR_MORE_DATA);
    CHECK_IS(name_length, 4);
}

static void buffers(void)
{
    BYTE byte = 0;
    DWORD returned = 99;
    unsigned char output[64];

    CHECK_IS(OfflineClusterResourceEx(web, 0, NULL, 4), ERROR_INVALID_PARAMETER);
    CHECK_IS(OnlineClusterResourceEx(web, 0, NULL, 4), ERROR_INVALID_PARAMETER);
    CHECK_IS(OfflineClusterResourceEx2(web, 0, NULL, 4, L"why"), ERROR_INVALID_PARAMETER);
    CHECK_IS(OfflineClusterResourceEx(web, 0x80, NULL, 0), ERROR_INVALID_PARAMETER);
    CHECK_IS(OfflineClusterResourceEx2(web, 0x80, NULL, 0, L"why"), ERROR_INVALID_PARAMETER);
    CHECK_IS(OfflineClusterResourceEx2(web, 0, &byte, 1, L"the r\u00e9ason"), ERROR_IO_PENDING);
    CHECK_IS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), ClusterResourceOnline);
    CHECK_IS(OfflineClusterResourceEx2(web, 1, &byte, 0, NULL), ERROR_IO_PENDING);
    CHECK_IS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), ClusterResourceOfflinePending);

    CHECK_IS(ClusterResourceControl(web, NULL, 0x01000029, NULL, 0, NULL, 0, &returned), ERROR_MORE_DATA);
    CHECK_IS(returned, 8);
    CHECK_IS(ClusterResourceControl(web, NULL, 0x01000029, NULL, 0, NULL, 8, &returned), ERROR_INVALID_PARAMETER);
    CHECK_IS(ClusterResourceControl(web, NULL, 0x01000029, NULL, 4, output, 8, &returned), ERROR_INVALID_PARAMETER);
    CHECK_IS(ClusterResourceControl(web, NULL, 0x01000029, NULL, 0, output, 7, &returned), ERROR_MORE_DATA);
    CHECK_IS(ClusterResourceControl(web, NULL, 0x01000029, NULL, 0, output, 64, &returned), ERROR_SUCCESS);
    /* Always UTF-16, whatever the width of the program. */
    CHECK(returned == 8 && output[0] == 'w' && output[1] == 0 && output[2] == 'e' && output[6] == 0);
    CHECK_IS(ClusterResourceControl(web, NULL, 0x01000029, NULL, 0, output, 64, NULL), ERROR_SUCCESS);
    CHECK_IS(ClusterResourceControl(web, NULL, 0x01000005, NULL, 0, output, 64, &returned), ERROR_INVALID_FUNCTION);
    CHECK_IS(ClusterResourceControl(web, NULL, 0x0140005E, output, 8, NULL, 0, &returned),
             ERROR_RESOURCE_PROPERTIES_STORED);
    CHECK_IS(ClusterControl(cluster, NULL, 0x07000029, NULL, 0, output, 64, &returned), ERROR_SUCCESS);
    CHECK_IS(returned, 10);
    CHECK_IS(CreateClusterResourceType(cluster, L"t", NULL, L"x.so", 1, 1), ERROR_INVALID_PARAMETER);
    CHECK_IS(ClusterResourceTypeControl(cluster, NULL, NULL, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_PARAMETER);
    CHECK_IS(ClusterResourceTypeControl(cluster, L"t", NULL, 0, NULL, 0, NULL, 0, NULL), 120);
}

static void lists(void)
{
    WCHAR name[8];
    DWORD kind = 0, length = 8;
    HCLUSENUM list = ClusterOpenEnum(cluster, CLUSTER_ENUM_RESOURCE | CLUSTER_ENUM_GROUP);
    CHECK(list != NULL);
    CHECK_IS(ClusterGetEnumCount(list), 3);
    CHECK_IS(ClusterEnum(list, 0, &kind, name, &length), ERROR_SUCCESS);
    CHECK(same(name, L"web") && length == 3 && kind == CLUSTER_ENUM_RESOURCE);
    kind = 0;
    length = 3;
    CHECK_IS(ClusterEnum(list, 0, &kind, name, &length), ERROR_MORE_DATA);
    CHECK(length == 3 && kind == CLUSTER_ENUM_RESOURCE);
    CHECK_IS(ClusterEnum(list, 2, NULL, NULL, &length), ERROR_SUCCESS);
    CHECK_IS(length, 1);
    CHECK_IS(ClusterEnum(list, 0, &kind, name, NULL), ERROR_INVALID_PARAMETER);
    CHECK_IS(ClusterEnum(list, 3, &kind, name, &length), ERROR_NO_MORE_ITEMS);
    CHECK_IS(ClusterEnum(list, 0xFFFFFFFF, &kind, name, &length), ERROR_NO_MORE_ITEMS);
    CHECK_IS(ClusterGroupCloseEnum((HGROUPENUM)list), ERROR_INVALID_HANDLE);
    CHECK_IS(ClusterCloseEnum(list), ERROR_SUCCESS);
    CHECK_IS(ClusterCloseEnum(list), ERROR_INVALID_HANDLE);
    CHECK_FAILS(ClusterGetEnumCount(list), 0, ERROR_INVALID_HANDLE);

    HRESENUM providers = ClusterResourceOpenEnum(web, CLUSTER_RESOURCE_ENUM_DEPENDS);
    length = 8;
    CHECK_IS(ClusterResourceGetEnumCount(providers), 1);
    CHECK_IS(ClusterResourceEnum(providers, 0, &kind, name, &length), ERROR_SUCCESS);
    CHECK(same(name, L"db"));
    CHECK_IS(ClusterResourceCloseEnum(providers), ERROR_SUCCESS);
    CHECK_FAILS(ClusterResourceGetEnumCount(providers), 0, ERROR_INVALID_HANDLE);

    HCLUSENUMEX ex = ClusterOpenEnumEx(cluster, CLUSTER_ENUM_RESOURCE, NULL);
    CLUSTER_ENUM_ITEM *item = malloc(512);
    DWORD size = 0;
    CHECK_IS(ClusterGetEnumCountEx(ex), 2);
    CHECK_IS(ClusterEnumEx(ex, 1, NULL, &size), ERROR_MORE_DATA);
    DWORD needed = size;
    size--;
    CHECK_IS(ClusterEnumEx(ex, 1, item, &size), ERROR_MORE_DATA);
    CHECK_IS(ClusterEnumEx(ex, 1, item, NULL), ERROR_INVALID_PARAMETER);
    CHECK_IS(ClusterEnumEx(ex, 1, item, &size), ERROR_SUCCESS);
    CHECK_IS(size, needed);
    CHECK(item->dwVersion == CLUSTER_ENUM_ITEM_VERSION && item->dwType == CLUSTER_ENUM_RESOURCE);
    CHECK(same(item->lpszName, L"db") && item->cbName == 3 * sizeof(WCHAR));
    CHECK((BYTE *)item->lpszName > (BYTE *)item && (BYTE *)item->lpszName + item->cbName <= (BYTE *)item + needed);
    CHECK_IS(item->cbId, 37 * sizeof(WCHAR));
    CHECK_IS(ClusterEnumEx(ex, 2, item, &size), ERROR_NO_MORE_ITEMS);
    CHECK_IS(ClusterCloseEnumEx(ex), ERROR_SUCCESS);
    CHECK_FAILS(ClusterGetEnumCountEx(ex), 0, ERROR_INVALID_HANDLE);
    CHECK_FAILS(ClusterOpenEnumEx(cluster, CLUSTER_ENUM_RESOURCE, item), NULL, ERROR_INVALID_PARAMETER);

    /* The list of names travels as UTF-16: '*', NUL, NUL; the test's server gives it back. */
    WCHAR all[] = {'*', 0, 0};
    HGROUPENUMEX groups = ClusterGroupOpenEnumEx(cluster, all, sizeof all, NULL, 0, 0);
    CLUSTER_GROUP_ENUM_ITEM *group = (CLUSTER_GROUP_ENUM_ITEM *)item;
    size = 512;
    CHECK_IS(ClusterGroupGetEnumCountEx(groups), 1);
    CHECK_IS(ClusterGroupEnumEx(groups, 0, group, &size), ERROR_SUCCESS);
    CHECK(same(group->lpszName, L"g") && same(group->lpszOwnerNode, L"n1"));
    CHECK(group->cbProperties == 6 && ((BYTE *)group->pProperties)[0] == '*' && group->pRoProperties == NULL);
    CHECK_IS(ClusterGroupCloseEnumEx(groups), ERROR_SUCCESS);
    CHECK_FAILS(ClusterGroupGetEnumCountEx(groups), 0, ERROR_INVALID_HANDLE);
    CHECK_FAILS(ClusterGroupOpenEnumEx(cluster, all, sizeof all, NULL, 0, 1), NULL, ERROR_INVALID_PARAMETER);
    CHECK_FAILS(ClusterGroupOpenEnumEx(cluster, all, 3, NULL, 0, 0), NULL, ERROR_INVALID_PARAMETER);
    CHECK_FAILS(ClusterGroupOpenEnumEx(cluster, NULL, 6, NULL, 0, 0), NULL, ERROR_INVALID_PARAMETER);

    HRESENUMEX resources = ClusterResourceOpenEnumEx(cluster, NULL, 0, NULL, 0, 0);
    CLUSTER_RESOURCE_ENUM_ITEM *resource = (CLUSTER_RESOURCE_ENUM_ITEM *)item;
    size = 512;
    /* The item only comes out: what stands in it before is not looked at. */
    resource->dwVersion = 9;
    CHECK_IS(ClusterResourceEnumEx(resources, 0, resource, &size), ERROR_SUCCESS);
    CHECK(resource->dwVersion == CLUSTER_RESOURCE_ENUM_ITEM_VERSION);
    CHECK(same(resource->lpszName, L"web") && same(resource->lpszOwnerGroupName, L"g"));
    CHECK(same(resource->lpszOwnerGroupId, L"group-id") && resource->cbProperties == 0);
    CHECK_IS(ClusterResourceCloseEnumEx(resources), ERROR_SUCCESS);
    CHECK_FAILS(ClusterResourceGetEnumCountEx(resources), 0, ERROR_INVALID_HANDLE);
    free(item);
}

static void renamed(void)
{
    HGROUP group = OpenClusterGroup(cluster, L"g");
    HRESOURCE made = CreateClusterResource(group, L"before", L"Generic Application", 0);
    CHECK_IS(SetClusterResourceName(made, L"WEB"), ERROR_OBJECT_ALREADY_EXISTS);
    CHECK_IS(SetClusterResourceName(made, NULL), ERROR_INVALID_PARAMETER);
    CHECK_IS(SetClusterResourceName(made, L"after"), ERROR_SUCCESS);
    CHECK_FAILS(OpenClusterResource(cluster, L"before"), NULL, ERROR_RESOURCE_NOT_FOUND);
    HRESOURCE found = OpenClusterResource(cluster, L"after");
    CHECK(found != NULL);
    CloseClusterResource(found);
    CHECK_IS(DeleteClusterResource(made), ERROR_SUCCESS);
    CHECK_IS(SetClusterResourceName(made, L"later"), ERROR_RESOURCE_NOT_AVAILABLE);
    CloseClusterResource(made);

    CHECK_IS(SetClusterGroupName(group, L"other"), ERROR_SUCCESS);
    CHECK_FAILS(OpenClusterGroup(cluster, L"g"), NULL, ERROR_GROUP_NOT_FOUND);
    CHECK_IS(SetClusterGroupName(group, L"g"), ERROR_SUCCESS);
    CHECK_IS(SetClusterGroupName(group, NULL), ERROR_INVALID_PARAMETER);
    CloseClusterGroup(group);
    CHECK_IS(SetClusterName(cluster, NULL), ERROR_INVALID_PARAMETER);
    CHECK_IS(SetClusterName(cluster, L"renamed"), ERROR_SUCCESS);
}

static void deleted(void)
{
    HGROUP group = OpenClusterGroup(cluster, L"g");
    HRESOURCE made = CreateClusterResource(group, L"short-lived", L"Generic Application", 0);
    CHECK(made != NULL);
    CHECK_FAILS(CreateClusterResource(group, L"web", L"Generic Application", 0), NULL, ERROR_OBJECT_ALREADY_EXISTS);
    CHECK_FAILS(CreateClusterResource(group, L"x", NULL, 0), NULL, ERROR_INVALID_PARAMETER);
    CHECK_IS(GetClusterResourceState(made, NULL, NULL, NULL, NULL), ClusterResourceOffline);
    CHECK_IS(DeleteClusterResource(made), ERROR_SUCCESS);
    CHECK_FAILS(GetClusterResourceState(made, NULL, NULL, NULL, NULL), -1, ERROR_RESOURCE_NOT_AVAILABLE);
    CHECK_IS(OfflineClusterResource(made), ERROR_RESOURCE_NOT_AVAILABLE);
    CHECK_IS(OnlineClusterResource(made), ERROR_RESOURCE_NOT_AVAILABLE);
    CHECK(CloseClusterResource(made));
    CHECK_FAILS(CloseClusterResource(made), FALSE, ERROR_INVALID_HANDLE);
    CHECK(CloseClusterGroup(group));
}

static void forks(void)
{
    pid_t child = fork();
    if (child == 0) {
        failures = 0;
        CHECK_FAILS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), -1, ERROR_INVALID_HANDLE);
        CHECK_IS(OfflineClusterResource(web), ERROR_INVALID_HANDLE);
        CHECK_FAILS(CloseCluster(cluster), FALSE, ERROR_INVALID_HANDLE);
        HCLUSTER own = OpenCluster(NULL);
        HRESOURCE resource = OpenClusterResource(own, L"web");
        CHECK(own != NULL && own != cluster && resource != NULL && resource != web);
        CHECK(GetClusterResourceState(resource, NULL, NULL, NULL, NULL) > 0);
        CHECK_FAILS(GetClusterResourceState(web, NULL, NULL, NULL, NULL), -1, ERROR_INVALID_HANDLE);
        CHECK(CloseCluster(own));
        fflush(stdout);
        _exit(failures != 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(GetClusterResourceState(web, NULL, NULL, NULL, NULL) > 0);
}

#define THREADS 16
#define ROUNDS 200

static HRESOURCE contested;
static pthread_barrier_t together;

static void *thread(void *number)
{
    long bad = 0;
    pthread_barrier_wait(&together);
    for (int round = 0; round < ROUNDS; round++) {
        SetLastError((DWORD)(size_t)number);
        HRESOURCE own = OpenClusterResource(cluster, L"db");
        bad += own == NULL;
        bad += GetClusterResourceState(own, NULL, NULL, NULL, NULL) != ClusterResourceOnline;
        bad += GetClusterResourceState(web, NULL, NULL, NULL, NULL) < 0;
        bad += GetLastError() != (DWORD)(size_t)number;
        /* Somebody closes this one meanwhile: it answers, or it is closed. */
        if (GetClusterResourceState(contested, NULL, NULL, NULL, NULL) < 0)
            bad += GetLastError() != ERROR_INVALID_HANDLE;
        if (round == ROUNDS / 2 && (size_t)number == 1)
            bad += !CloseClusterResource(contested);
        bad += !CloseClusterResource(own);
        bad += GetClusterResourceState(own, NULL, NULL, NULL, NULL) != ClusterResourceStateUnknown;
    }
    return (void *)bad;
}

static void threads(void)
{
    pthread_t all[THREADS];
    contested = OpenClusterResource(cluster, L"db");
    pthread_barrier_init(&together, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&all[i], NULL, thread, (void *)(i + 1));
    for (size_t i = 0; i < THREADS; i++) {
        void *bad = NULL;
        pthread_join(all[i], &bad);
        CHECK_IS((size_t)bad, 0);
    }
    CHECK_FAILS(CloseClusterResource(contested), FALSE, ERROR_INVALID_HANDLE);
}

static void keys(void)
{
    HKEY key = NULL;
    BYTE data[8];
    DWORD size = sizeof data;
    CHECK(ClusterRegOpenKey(NULL, L"Parameters", KEY_READ, &key) != ERROR_SUCCESS);
    CHECK_IS(ClusterRegQueryValue((HKEY)0x77, L"x", NULL, data, &size), ERROR_INVALID_HANDLE);
    CHECK_IS(ClusterRegCloseKey((HKEY)0x77), ERROR_INVALID_HANDLE);
}

/* The service here says 2, which is "unavailable" in the protocol and "unreachable" in clusapi.h. */
static void states(void)
{
    HNETINTERFACE interface = OpenClusterNetInterface(cluster, L"n1 - eth0");
    CHECK(interface != NULL);
    CHECK_IS(GetClusterNetInterfaceState(interface), ClusterNetInterfaceUnavailable);
    CHECK(CloseClusterNetInterface(interface));
}

int main(void)
{
    opening();
    names();
    handles();
    families();
    expressions();
    sizes();
    buffers();
    lists();
    states();
    renamed();
    deleted();
    keys();
    threads();
    forks();
    CHECK(CloseClusterResource(web));
    CHECK(CloseCluster(cluster));
    printf("%d failures\n", failures);
    return failures != 0;
}
