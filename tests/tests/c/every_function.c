/* Calls every function of the library against a real service, those that take a node without one and with one, and
 * prints each with what it answered. "one" in "g" is there already and can run. */
#include "say.h"

#include <string.h>

static char bytes[16384];

/* A call that answers a status: either of two will do. */
static void told(const char *name, DWORD status, DWORD expected, DWORD or_expected)
{
    printf("%s %u\n", name, (unsigned)status);
    if (status != expected && status != or_expected) {
        fprintf(stderr, "%s is %u, not %u\n", name, (unsigned)status, (unsigned)expected);
        exit(1);
    }
}

/* A call that answers a handle or a truth. */
static void there(const char *name, int is_there)
{
    told(name, is_there ? ERROR_SUCCESS : GetLastError(), ERROR_SUCCESS, ERROR_SUCCESS);
}

#define IS(expected, name, arguments) told(#name, (DWORD)name arguments, expected, expected)
#define NODE_IS(expected, name, arguments) told(#name " with a node", (DWORD)name arguments, expected, expected)
#define IS_TRUE(name, arguments) there(#name, name arguments)
#define OPEN(place, name, arguments) there(#name, (place = name arguments) != NULL)

static HCHANGE port;

/* Waits until "one" is told to be in a state. */
static void until(DWORD wanted)
{
    while (next_state(port, 7) != wanted)
        ;
    printf("GetClusterNotifyV2 0\n");
}

static void objects(HCLUSTER cluster, HGROUP group, HRESOURCE resource)
{
    WCHAR name[256], all[] = {'*', 0, 0};
    DWORD kind, length = 256, size = sizeof(bytes);
    HCLUSENUM list;
    HCLUSENUMEX list_ex;
    HGROUPENUM of_group;
    HGROUPENUMEX groups;
    HRESENUM of_resource;
    HRESENUMEX resources;

    OPEN(list, ClusterOpenEnum, (cluster, CLUSTER_ENUM_ALL));
    told("ClusterGetEnumCount", ClusterGetEnumCount(list) > 3 ? ERROR_SUCCESS : 1, ERROR_SUCCESS, ERROR_SUCCESS);
    IS(ERROR_SUCCESS, ClusterEnum, (list, 0, &kind, name, &length));
    IS(ERROR_SUCCESS, ClusterCloseEnum, (list));

    OPEN(list_ex, ClusterOpenEnumEx, (cluster, CLUSTER_ENUM_ALL, NULL));
    told("ClusterGetEnumCountEx", ClusterGetEnumCountEx(list_ex) > 3 ? ERROR_SUCCESS : 1, ERROR_SUCCESS, ERROR_SUCCESS);
    IS(ERROR_SUCCESS, ClusterEnumEx, (list_ex, 0, (PCLUSTER_ENUM_ITEM)bytes, &size));
    IS(ERROR_SUCCESS, ClusterCloseEnumEx, (list_ex));

    OPEN(of_group, ClusterGroupOpenEnum, (group, CLUSTER_GROUP_ENUM_ALL));
    told("ClusterGroupGetEnumCount", ClusterGroupGetEnumCount(of_group) == 1 ? ERROR_SUCCESS : 1, 0, 0);
    length = 256;
    IS(ERROR_SUCCESS, ClusterGroupEnum, (of_group, 0, &kind, name, &length));
    IS(ERROR_SUCCESS, ClusterGroupCloseEnum, (of_group));

    OPEN(of_resource, ClusterResourceOpenEnum, (resource, CLUSTER_RESOURCE_ENUM_ALL));
    told("ClusterResourceGetEnumCount", ClusterResourceGetEnumCount(of_resource) == 1 ? ERROR_SUCCESS : 1, 0, 0);
    length = 256;
    IS(ERROR_SUCCESS, ClusterResourceEnum, (of_resource, 0, &kind, name, &length));
    IS(ERROR_SUCCESS, ClusterResourceCloseEnum, (of_resource));

    /* Nothing, and then everything, is asked of each. */
    OPEN(groups, ClusterGroupOpenEnumEx, (cluster, NULL, 0, NULL, 0, 0));
    NEED(ClusterGroupGetEnumCountEx(groups) == 1);
    size = sizeof(bytes);
    NEED_IS(ClusterGroupEnumEx(groups, 0, (PCLUSTER_GROUP_ENUM_ITEM)bytes, &size), ERROR_SUCCESS);
    NEED(((PCLUSTER_GROUP_ENUM_ITEM)bytes)->cbProperties == 0 && ((PCLUSTER_GROUP_ENUM_ITEM)bytes)->cbRoProperties == 0);
    NEED_IS(ClusterGroupCloseEnumEx(groups), ERROR_SUCCESS);
    OPEN(groups, ClusterGroupOpenEnumEx, (cluster, all, sizeof(all), all, sizeof(all), 0));
    told("ClusterGroupGetEnumCountEx", ClusterGroupGetEnumCountEx(groups) == 1 ? ERROR_SUCCESS : 1, 0, 0);
    size = sizeof(bytes);
    IS(ERROR_SUCCESS, ClusterGroupEnumEx, (groups, 0, (PCLUSTER_GROUP_ENUM_ITEM)bytes, &size));
    CLUSTER_GROUP_ENUM_ITEM *found = (PCLUSTER_GROUP_ENUM_ITEM)bytes;
    NEED(found->lpszName[0] == 'g' && found->lpszName[1] == 0 && found->state == ClusterGroupOffline);
    NEED(found->lpszOwnerNode[0] == 'n' && found->cbProperties > 64 && found->cbRoProperties > 16);
    NEED(ClusterGroupEnumEx(groups, 1, (PCLUSTER_GROUP_ENUM_ITEM)bytes, &size) == ERROR_NO_MORE_ITEMS);
    IS(ERROR_SUCCESS, ClusterGroupCloseEnumEx, (groups));

    OPEN(resources, ClusterResourceOpenEnumEx, (cluster, all, sizeof(all), all, sizeof(all), 0));
    told("ClusterResourceGetEnumCountEx", ClusterResourceGetEnumCountEx(resources) == 1 ? ERROR_SUCCESS : 1, 0, 0);
    size = sizeof(bytes);
    IS(ERROR_SUCCESS, ClusterResourceEnumEx, (resources, 0, (PCLUSTER_RESOURCE_ENUM_ITEM)bytes, &size));
    CLUSTER_RESOURCE_ENUM_ITEM *item = (PCLUSTER_RESOURCE_ENUM_ITEM)bytes;
    NEED(item->lpszName[0] == 'o' && item->lpszOwnerGroupName[0] == 'g');
    NEED(item->cbProperties > 64 && item->cbRoProperties > 16);
    IS(ERROR_SUCCESS, ClusterResourceCloseEnumEx, (resources));

    WCHAR unknown[] = {'N', 'o', 0, 0};
    NEED(ClusterGroupOpenEnumEx(cluster, unknown, sizeof(unknown), NULL, 0, 0) == NULL);
    NEED_IS(GetLastError(), ERROR_INVALID_PARAMETER);
    NEED(ClusterResourceOpenEnumEx(cluster, NULL, 0, unknown, sizeof(unknown), 0) == NULL);
    NEED_IS(GetLastError(), ERROR_INVALID_PARAMETER);
}

/* What is asked of an object is the same whichever way this node is asked. A node of another handle is refused. */
#define ASK(name, object, code)                                                                     \
    do {                                                                                            \
        DWORD plain = 0, named = 0;                                                                 \
        IS(ERROR_SUCCESS, name, (object, NULL, code, NULL, 0, bytes, 8192, &plain));                \
        NODE_IS(ERROR_SUCCESS, name, (object, node, code, NULL, 0, bytes + 8192, 8192, &named));    \
        NEED(plain > 0 && plain == named && memcmp(bytes, bytes + 8192, plain) == 0);               \
        NEED_IS(name(object, other_node, code, NULL, 0, bytes, 8192, &plain), ERROR_INVALID_PARAMETER); \
    } while (0)

#define ASK_TYPE(code)                                                                              \
    do {                                                                                            \
        DWORD plain = 0, named = 0;                                                                 \
        IS(ERROR_SUCCESS, ClusterResourceTypeControl,                                               \
           (cluster, L"Generic Application", NULL, code, NULL, 0, bytes, 8192, &plain));            \
        NODE_IS(ERROR_SUCCESS, ClusterResourceTypeControl,                                          \
                (cluster, L"Generic Application", node, code, NULL, 0, bytes, 8192, &named));       \
        NEED(plain > 0 && plain == named);                                                          \
    } while (0)

static void controls(HCLUSTER cluster, HNODE node, HNODE other_node, HGROUP group, HRESOURCE resource)
{
    ASK(ClusterControl, cluster, CLUSCTL_CLUSTER_GET_RO_COMMON_PROPERTIES);
    ASK(ClusterNodeControl, node, CLUSCTL_NODE_GET_COMMON_PROPERTIES);
    ASK(ClusterGroupControl, group, CLUSCTL_GROUP_GET_COMMON_PROPERTIES);
    ASK(ClusterResourceControl, resource, CLUSCTL_RESOURCE_GET_PRIVATE_PROPERTIES);
    ASK_TYPE(CLUSCTL_RESOURCE_TYPE_GET_COMMON_PROPERTIES);
}

static void life(HCLUSTER cluster)
{
    WCHAR text[256];
    DWORD length = 256, size;
    HGROUP group;
    HRESOURCE a, b;
    HKEY key = (HKEY)0x77;
    FILETIME time;

    IS(ERROR_SUCCESS, CreateClusterResourceType, (cluster, L"a type", L"A type", L"/nowhere/a.so", 5000, 60000));
    IS(ERROR_SUCCESS, DeleteClusterResourceType, (cluster, L"a type"));
    OPEN(group, CreateClusterGroup, (cluster, L"passing"));
    OPEN(a, CreateClusterResource, (group, L"a", L"Generic Application", 0));
    NEED((b = CreateClusterResource(group, L"b", L"Generic Application", 0)) != NULL);
    IS_TRUE(CanResourceBeDependent, (a, b));
    IS(ERROR_SUCCESS, AddClusterResourceDependency, (a, b));
    IS(ERROR_SUCCESS, GetClusterResourceDependencyExpression, (a, text, &length));
    NEED(length == 40);
    IS(ERROR_SUCCESS, RemoveClusterResourceDependency, (a, b));
    IS(ERROR_SUCCESS, SetClusterResourceDependencyExpression, (a, L"[b]"));
    NEED_IS(SetClusterResourceDependencyExpression(a, L""), ERROR_SUCCESS);
    NEED_IS(DeleteClusterResource(b), ERROR_SUCCESS);
    IS(ERROR_SUCCESS, SetClusterResourceName, (a, L"c"));
    NEED_IS(SetClusterResourceName(a, L"ONE"), ERROR_OBJECT_ALREADY_EXISTS);
    NEED_IS(SetClusterResourceName(a, L""), ERROR_INVALID_NAME);
    IS(ERROR_SUCCESS, SetClusterGroupName, (group, L"passed"));
    NEED_IS(SetClusterGroupName(group, L"G"), ERROR_OBJECT_ALREADY_EXISTS);
    NEED(OpenClusterGroup(cluster, L"passing") == NULL && GetLastError() == ERROR_GROUP_NOT_FOUND);
    IS(ERROR_SUCCESS, DeleteClusterResource, (a));
    IS(ERROR_SUCCESS, DeleteClusterGroup, (group));
    IS_TRUE(CloseClusterResource, (a));
    NEED(CloseClusterResource(b));
    IS_TRUE(CloseClusterGroup, (group));
    NEED((group = CreateClusterGroup(cluster, L"doomed")) != NULL);
    NEED((a = CreateClusterResource(group, L"a", L"Generic Application", 0)) != NULL);
    NEED_IS(DeleteClusterGroup(group), ERROR_DIR_NOT_EMPTY);
    IS(ERROR_SUCCESS, DestroyClusterGroup, (group));
    NEED_IS(DestroyClusterGroup(group), ERROR_GROUP_NOT_AVAILABLE);
    NEED_IS(OnlineClusterResource(a), ERROR_RESOURCE_NOT_AVAILABLE);
    NEED(CloseClusterResource(a) && CloseClusterGroup(group));

    /* Keys are opened in resource hosts; elsewhere no key is one. */
    length = 256, size = sizeof(bytes);
    IS(ERROR_INVALID_HANDLE, ClusterRegOpenKey, (key, L"x", KEY_READ, &key));
    IS(ERROR_INVALID_HANDLE, ClusterRegQueryValue, (key, L"x", NULL, (BYTE *)bytes, &size));
    IS(ERROR_INVALID_HANDLE, ClusterRegEnumValue, (key, 0, text, &length, NULL, (BYTE *)bytes, &size));
    IS(ERROR_INVALID_HANDLE, ClusterRegEnumKey, (key, 0, text, &length, &time));
    IS(ERROR_INVALID_HANDLE, ClusterRegCloseKey, (key));
}

static void order(HCLUSTER cluster, HCLUSTER other, HNODE node, HNODE other_node)
{
    WCHAR name[256];
    DWORD length = 256;
    HGROUP first, second, other_first;
    HGROUPSET base, apps, again;
    HGROUPSETENUM sets;

    NEED((first = CreateClusterGroup(cluster, L"first")) != NULL);
    NEED((second = CreateClusterGroup(cluster, L"second")) != NULL);
    NEED((other_first = OpenClusterGroupEx(other, L"first", GENERIC_READ, NULL)) != NULL);
    OPEN(base, CreateClusterGroupSet, (cluster, L"base"));
    NEED((apps = CreateClusterGroupSet(cluster, L"apps")) != NULL);
    NEED(CreateClusterGroupSet(cluster, L"BASE") == NULL && GetLastError() == ERROR_OBJECT_ALREADY_EXISTS);
    OPEN(again, OpenClusterGroupSet, (cluster, L"base"));
    NEED(OpenClusterGroupSet(cluster, L"nothing") == NULL && GetLastError() == ERROR_GROUPSET_NOT_FOUND);
    ASK(ClusterGroupSetControl, base, CLUSCTL_GROUPSET_GET_COMMON_PROPERTIES);
    ASK(ClusterGroupSetControl, base, CLUSCTL_GROUPSET_GET_ID);

    OPEN(sets, ClusterGroupSetOpenEnum, (cluster));
    told("ClusterGroupSetGetEnumCount", ClusterGroupSetGetEnumCount(sets) == 2 ? ERROR_SUCCESS : 1, 0, 0);
    IS(ERROR_SUCCESS, ClusterGroupSetEnum, (sets, 1, name, &length));
    NEED(length == 4 && name[0] == 'b');
    NEED_IS(ClusterGroupSetEnum(sets, 2, name, &length), ERROR_NO_MORE_ITEMS);
    IS(ERROR_SUCCESS, ClusterGroupSetCloseEnum, (sets));

    IS(ERROR_SUCCESS, ClusterAddGroupToGroupSet, (base, first));
    NEED_IS(ClusterAddGroupToGroupSet(apps, first), ERROR_OBJECT_IN_LIST);
    NEED_IS(ClusterAddGroupToGroupSet(base, other_first), ERROR_INVALID_PARAMETER);
    NEED_IS(ClusterAddGroupToGroupSet((HGROUPSET)first, first), ERROR_INVALID_HANDLE);
    NEED_IS(ClusterRemoveGroupFromGroupSet(other_first), ERROR_ACCESS_DENIED);
    NEED_IS(DeleteClusterGroupSet(base), ERROR_DIR_NOT_EMPTY);
    IS(ERROR_SUCCESS, AddClusterGroupSetDependency, (apps, base));
    NEED_IS(AddClusterGroupSetDependency(base, apps), ERROR_CIRCULAR_DEPENDENCY);
    IS(ERROR_SUCCESS, RemoveClusterGroupSetDependency, (apps, base));
    NEED_IS(RemoveClusterGroupSetDependency(apps, base), ERROR_DEPENDENCY_NOT_FOUND);
    IS(ERROR_SUCCESS, SetClusterGroupSetDependencyExpression, (apps, L"[base]"));
    NEED_IS(DeleteClusterGroupSet(base), ERROR_DIR_NOT_EMPTY);
    NEED_IS(SetClusterGroupSetDependencyExpression(apps, NULL), ERROR_SUCCESS);

    IS(ERROR_SUCCESS, AddClusterGroupToGroupSetDependency, (second, base));
    NEED_IS(AddClusterGroupToGroupSetDependency(first, base), ERROR_GROUPSET_CANT_PROVIDE);
    IS(ERROR_SUCCESS, RemoveClusterGroupToGroupSetDependency, (second, base));
    IS(ERROR_SUCCESS, AddClusterGroupDependency, (second, first));
    NEED_IS(AddClusterGroupDependency(second, first), ERROR_DEPENDENCY_ALREADY_EXISTS);
    NEED_IS(AddClusterGroupDependency(first, second), ERROR_CIRCULAR_DEPENDENCY);
    NEED_IS(AddClusterGroupDependency(other_first, second), ERROR_INVALID_PARAMETER);
    ASK(ClusterGroupControl, second, CLUSCTL_GROUP_GET_PROVIDER_GROUPS);
    IS(ERROR_SUCCESS, RemoveClusterGroupDependency, (second, first));
    IS(ERROR_SUCCESS, SetGroupDependencyExpression, (second, L"([first])"));
    NEED_IS(DeleteClusterGroup(first), ERROR_DEPENDENT_RESOURCE_EXISTS);
    NEED_IS(SetGroupDependencyExpression(second, L""), ERROR_SUCCESS);

    IS(ERROR_SUCCESS, ClusterRemoveGroupFromGroupSet, (first));
    IS(ERROR_SUCCESS, DeleteClusterGroupSet, (base));
    NEED_IS(DeleteClusterGroupSet(again), ERROR_GROUPSET_NOT_AVAILABLE);
    NEED_IS(DeleteClusterGroupSet(apps), ERROR_SUCCESS);
    IS_TRUE(CloseClusterGroupSet, (base));
    NEED(CloseClusterGroupSet(again) && CloseClusterGroupSet(apps));
    NEED(!CloseClusterGroupSet(apps) && GetLastError() == ERROR_INVALID_HANDLE);
    NEED_IS(DeleteClusterGroup(second), ERROR_SUCCESS);
    NEED_IS(DeleteClusterGroup(first), ERROR_SUCCESS);
    NEED(CloseClusterGroup(first) && CloseClusterGroup(second) && CloseClusterGroup(other_first));
}

static void networks(HCLUSTER cluster, HCLUSTER other, HNODE node, HNODE other_node)
{
    WCHAR text[256];
    DWORD kind, length = 256, granted = 0;
    HNETWORK network, network_ex, other_network;
    HNETINTERFACE interface, interface_ex;
    HNODEENUM of_node;
    HNETWORKENUM of_network;
    HNETINTERFACEENUM interfaces;

    OPEN(network, OpenClusterNetwork, (cluster, L"Cluster Network 1"));
    OPEN(network_ex, OpenClusterNetworkEx, (cluster, L"cluster network 1", GENERIC_READ, &granted));
    NEED_IS(granted, GENERIC_READ);
    NEED((other_network = OpenClusterNetworkEx(other, L"Cluster Network 1", GENERIC_READ, NULL)) != NULL);
    NEED(OpenClusterNetwork(cluster, L"nothing") == NULL && GetLastError() == ERROR_CLUSTER_NETWORK_NOT_FOUND);
    told("GetClusterFromNetwork", GetClusterFromNetwork(network) == cluster ? ERROR_SUCCESS : GetLastError(), 0, 0);
    IS(ClusterNetworkUp, GetClusterNetworkState, (network));
    IS(ERROR_SUCCESS, GetClusterNetworkId, (network, text, &length));
    NEED(length == 36);
    length = 8;
    NEED_IS(GetClusterNetworkId(network, text, &length), ERROR_MORE_DATA);
    ASK(ClusterNetworkControl, network, CLUSCTL_NETWORK_GET_RO_COMMON_PROPERTIES);
    ASK(ClusterNetworkControl, network, CLUSCTL_NETWORK_GET_CHARACTERISTICS);
    IS(ERROR_SUCCESS, SetClusterNetworkName, (network, L"lan"));
    NEED_IS(SetClusterNetworkName(network, L""), ERROR_INVALID_NAME);
    NEED_IS(SetClusterNetworkName(network_ex, L"x"), ERROR_ACCESS_DENIED);
    IS(ERROR_SUCCESS, SetClusterNetworkNameEx, (network, L"Cluster Network 1", L"every function is called"));
    DWORD size = 0;
    IS(ERROR_SUCCESS, ClusterNetworkControlEx,
       (network, NULL, CLUSCTL_NETWORK_GET_CHARACTERISTICS, NULL, 0, bytes, sizeof(bytes), &size, L"why"));

    OPEN(of_network, ClusterNetworkOpenEnum, (network, CLUSTER_NETWORK_ENUM_ALL));
    told("ClusterNetworkGetEnumCount", ClusterNetworkGetEnumCount(of_network) == 1 ? ERROR_SUCCESS : 1, 0, 0);
    length = 256;
    IS(ERROR_SUCCESS, ClusterNetworkEnum, (of_network, 0, &kind, text, &length));
    NEED(kind == CLUSTER_NETWORK_ENUM_NETINTERFACES && length == 12);
    NEED_IS(ClusterGetEnumCount((HCLUSENUM)of_network), 0);
    NEED_IS(GetLastError(), ERROR_INVALID_HANDLE);
    NEED_IS(ClusterCloseEnum((HCLUSENUM)of_network), ERROR_INVALID_HANDLE);
    IS(ERROR_SUCCESS, ClusterNetworkCloseEnum, (of_network));

    OPEN(of_node, ClusterNodeOpenEnum, (node, CLUSTER_NODE_ENUM_ALL));
    told("ClusterNodeGetEnumCount", ClusterNodeGetEnumCount(of_node) == 2 ? ERROR_SUCCESS : 1, 0, 0);
    length = 256;
    IS(ERROR_SUCCESS, ClusterNodeEnum, (of_node, 0, &kind, text, &length));
    IS(ERROR_SUCCESS, ClusterNodeCloseEnum, (of_node));

    OPEN(interfaces, ClusterNetInterfaceOpenEnum, (cluster, L"node1", L"Cluster Network 1"));
    length = 256;
    IS(ERROR_SUCCESS, ClusterNetInterfaceEnum, (interfaces, 0, text, &length));
    NEED_IS(ClusterNetInterfaceEnum(interfaces, 1, text, &length), ERROR_NO_MORE_ITEMS);
    IS(ERROR_SUCCESS, ClusterNetInterfaceCloseEnum, (interfaces));
    NEED((interfaces = ClusterNetInterfaceOpenEnum(cluster, NULL, NULL)) != NULL);
    NEED_IS(ClusterNetInterfaceCloseEnum(interfaces), ERROR_SUCCESS);
    NEED(ClusterNetInterfaceOpenEnum(cluster, L"nobody", NULL) == NULL);
    NEED_IS(GetLastError(), ERROR_CLUSTER_NODE_NOT_FOUND);

    length = 256;
    IS(ERROR_SUCCESS, GetClusterNetInterface, (cluster, L"node1", L"Cluster Network 1", text, &length));
    NEED(length == 12);
    length = 256;
    NEED_IS(GetClusterNetInterface(cluster, L"node1", L"nothing", text, &length), ERROR_CLUSTER_NETWORK_NOT_FOUND);
    OPEN(interface, OpenClusterNetInterface, (cluster, L"node1 - eth0"));
    OPEN(interface_ex, OpenClusterNetInterfaceEx, (cluster, L"node1 - eth0", GENERIC_READ, &granted));
    NEED(OpenClusterNetInterface(cluster, L"nothing") == NULL);
    NEED_IS(GetLastError(), ERROR_CLUSTER_NETINTERFACE_NOT_FOUND);
    told("GetClusterFromNetInterface", GetClusterFromNetInterface(interface) == cluster ? ERROR_SUCCESS : GetLastError(),
         0, 0);
    /* 3 on the wire too; the other states have other numbers there. */
    IS(ClusterNetInterfaceUp, GetClusterNetInterfaceState, (interface));
    ASK(ClusterNetInterfaceControl, interface, CLUSCTL_NETINTERFACE_GET_RO_COMMON_PROPERTIES);
    ASK(ClusterNetInterfaceControl, interface, CLUSCTL_NETINTERFACE_GET_NETWORK);
    IS(ERROR_SUCCESS, ClusterNetInterfaceControlEx,
       (interface, NULL, CLUSCTL_NETINTERFACE_GET_NETWORK, NULL, 0, bytes, sizeof(bytes), &size, L"why"));

    IS_TRUE(CloseClusterNetInterface, (interface));
    NEED(CloseClusterNetInterface(interface_ex));
    IS_TRUE(CloseClusterNetwork, (network));
    NEED(CloseClusterNetwork(network_ex) && CloseClusterNetwork(other_network));
    NEED(!CloseClusterNetwork(network) && GetLastError() == ERROR_INVALID_HANDLE);
}

static DWORD possible_owners(HRESOURCE resource)
{
    HRESENUM list = ClusterResourceOpenEnum(resource, CLUSTER_RESOURCE_ENUM_NODES);
    DWORD count = ClusterResourceGetEnumCount(list);

    NEED(list != NULL && ClusterResourceCloseEnum(list) == ERROR_SUCCESS);
    return count;
}

static void operations(HNODE node, HNODE other_node, HGROUP group, HRESOURCE one)
{
    IS(ERROR_IO_PENDING, OnlineClusterResource, (one));
    until(ClusterResourceOnline);
    IS(ERROR_SUCCESS, RestartClusterResource, (one, 0));
    until(ClusterResourceOnline);
    IS(ERROR_SUCCESS, FailClusterResource, (one));
    until(ClusterResourceOnline);
    IS(ERROR_IO_PENDING, OfflineClusterResource, (one));
    /* Whatever is being done to it. */
    NEED_IS(SetClusterResourceName(one, L"uno"), ERROR_SUCCESS);
    NEED_IS(SetClusterResourceName(one, L"one"), ERROR_SUCCESS);
    until(ClusterResourceOffline);
    IS(ERROR_IO_PENDING, OnlineClusterResourceEx, (one, 0, NULL, 0));
    until(ClusterResourceOnline);
    IS(ERROR_IO_PENDING, OfflineClusterResourceEx, (one, 0, NULL, 0));
    until(ClusterResourceOffline);
    NEED_IS(OnlineClusterResource(one), ERROR_IO_PENDING);
    until(ClusterResourceOnline);
    /* What is to be online stays written, so that the group's calls bring it up. */
    IS(ERROR_IO_PENDING, OfflineClusterResourceEx2,
       (one, CLUSAPI_RESOURCE_OFFLINE_DO_NOT_UPDATE_PERSISTENT_STATE, NULL, 0, L"every function is called"));
    until(ClusterResourceOffline);

    IS(ERROR_IO_PENDING, OnlineClusterGroup, (group, NULL));
    until(ClusterResourceOnline);
    NODE_IS(ERROR_SUCCESS, OnlineClusterGroup, (group, node));
    IS(ERROR_IO_PENDING, OfflineClusterGroup, (group));
    until(ClusterResourceOffline);
    NODE_IS(ERROR_IO_PENDING, OnlineClusterGroup, (group, node));
    until(ClusterResourceOnline);
    NEED_IS(OnlineClusterGroup(group, other_node), ERROR_INVALID_PARAMETER);
    IS(ERROR_IO_PENDING, OfflineClusterGroupEx, (group, 0, NULL, 0));
    until(ClusterResourceOffline);
    IS(ERROR_IO_PENDING, OnlineClusterGroupEx, (group, NULL, 0, NULL, 0));
    until(ClusterResourceOnline);
    NODE_IS(ERROR_SUCCESS, OnlineClusterGroupEx, (group, node, 0, NULL, 0));
    NEED_IS(OfflineClusterGroup(group), ERROR_IO_PENDING);
    until(ClusterResourceOffline);
    NODE_IS(ERROR_IO_PENDING, OnlineClusterGroupEx, (group, node, 0, NULL, 0));
    until(ClusterResourceOnline);
    NEED_IS(OnlineClusterGroupEx(group, other_node, 0, NULL, 0), ERROR_INVALID_PARAMETER);
    IS(ERROR_INVALID_STATE, CancelClusterGroupOperation, (group, 0));
    NODE_IS(ERROR_SUCCESS, SetClusterGroupNodeList, (group, 1, &node));
    NEED_IS(SetClusterGroupNodeList(group, 1, &other_node), ERROR_INVALID_PARAMETER);
    NEED_IS(SetClusterGroupNodeList(group, 5000, &node), ERROR_INVALID_PARAMETER);
    HNODE twice[] = {node, node}, none = NULL;
    NEED_IS(SetClusterGroupNodeList(group, 2, twice), ERROR_INVALID_PARAMETER);
    NEED_IS(SetClusterGroupNodeList(group, 1, &none), ERROR_INVALID_HANDLE);
    IS(ERROR_SUCCESS, SetClusterGroupNodeList, (group, 0, NULL));
    NODE_IS(ERROR_SUCCESS, MoveClusterGroup, (group, node));
    NODE_IS(ERROR_SUCCESS, MoveClusterGroupEx, (group, node, CLUSAPI_GROUP_MOVE_QUEUE_ENABLED, NULL, 0));
    NEED_IS(MoveClusterGroup(group, NULL), ERROR_CLUSTER_NODE_DOWN);
    NEED_IS(MoveClusterGroup(group, other_node), ERROR_INVALID_PARAMETER);
    NEED_IS(MoveClusterGroupEx(group, NULL, CLUSAPI_GROUP_MOVE_IGNORE_RESOURCE_STATUS, NULL, 0), ERROR_CLUSTER_NODE_DOWN);
    NEED_IS(MoveClusterGroupEx(group, node, CLUSAPI_GROUP_MOVE_IGNORE_RESOURCE_STATUS | CLUSAPI_GROUP_MOVE_QUEUE_ENABLED,
                               NULL, 0), ERROR_INVALID_PARAMETER);
    NEED_IS(MoveClusterGroupEx(group, node, 0, (PBYTE)"abc", 3), ERROR_INVALID_PARAMETER);
    IS(ERROR_OBJECT_ALREADY_EXISTS, AddClusterResourceNode, (one, node));
    NEED_IS(RemoveClusterResourceNode(one, node), ERROR_INVALID_STATE);
    NEED_IS(RemoveClusterResourceNode(one, other_node), ERROR_INVALID_PARAMETER);
    NEED_IS(RemoveClusterResourceNode(one, NULL), ERROR_INVALID_HANDLE);
    NEED(possible_owners(one) == 1);
    IS(ERROR_SUCCESS, PauseClusterNode, (node));
    IS(ERROR_SUCCESS, ResumeClusterNode, (node));
    IS(ERROR_SUCCESS, PauseClusterNodeEx, (node, FALSE, 0, NULL));
    NODE_IS(ERROR_INVALID_TARGET_HANDLE, PauseClusterNodeEx, (node, TRUE, 0, node));
    NEED_IS(PauseClusterNodeEx(node, TRUE, 0, other_node), ERROR_INVALID_PARAMETER);
    NEED_IS(PauseClusterNodeEx(node, FALSE, 8, NULL), ERROR_INVALID_PARAMETER);
    NEED_IS(PauseClusterNodeEx2(node, FALSE, 8, NULL, L"why"), ERROR_INVALID_PARAMETER);
    NEED_IS(ResumeClusterNodeEx(node, FailbackGroupsPerPolicy, 0x10), ERROR_INVALID_PARAMETER);
    IS(ERROR_SUCCESS, ResumeClusterNodeEx, (node, FailbackGroupsPerPolicy, 0));
    IS(ERROR_SUCCESS, PauseClusterNodeEx2, (node, FALSE, 0, NULL, L"every function is called"));
    IS(ERROR_SUCCESS, ResumeClusterNodeEx2, (node, DoNotFailbackGroups, 0, L"every function is called"));
    NEED_IS(OfflineClusterGroup(group), ERROR_IO_PENDING);
    until(ClusterResourceOffline);
    IS(ERROR_SUCCESS, RemoveClusterResourceNode, (one, node));
    NEED(possible_owners(one) == 0);
    NEED_IS(OnlineClusterResource(one), ERROR_NODE_CANT_HOST_RESOURCE);
    NEED_IS(RemoveClusterResourceNode(one, node), ERROR_CLUSTER_NODE_NOT_FOUND);
    NEED_IS(AddClusterResourceNode(one, node), ERROR_SUCCESS);
    NEED(possible_owners(one) == 1);
}

/* The functions that end with a reason do what those without one do. The journal is looked at elsewhere. */
#define WHY L"because of every function"
#define CONTROL_EX(name, object, code) \
    IS(ERROR_SUCCESS, name, (object, NULL, code, NULL, 0, bytes, sizeof(bytes), &size, WHY))

static void with_reasons(HCLUSTER cluster, HNODE node)
{
    CLUSTER_CREATE_GROUP_INFO info = {CLUSTER_CREATE_GROUP_INFO_VERSION_1, 107}, newer = {2, 107};
    DWORD size;
    HGROUP first, second, third;
    HGROUPSET base, apps;
    HRESOURCE a, b;
    HCHANGE other_port = port;
    NOTIFY_FILTER_AND_TYPE state = {CLUSTER_OBJECT_TYPE_RESOURCE, CLUSTER_CHANGE_RESOURCE_STATE_V2};

    IS(ERROR_SUCCESS, SetClusterNameEx, (cluster, L"renamed", WHY));
    NEED_IS(SetClusterNameEx(cluster, L"renamed again", NULL), ERROR_SUCCESS);
    CONTROL_EX(ClusterControlEx, cluster, CLUSCTL_CLUSTER_GET_RO_COMMON_PROPERTIES);
    CONTROL_EX(ClusterNodeControlEx, node, CLUSCTL_NODE_GET_COMMON_PROPERTIES);

    OPEN(first, CreateClusterGroupEx, (cluster, L"reasons", &info));
    NEED((second = CreateClusterGroupEx(cluster, L"second", NULL)) != NULL);
    NEED(CreateClusterGroupEx(cluster, L"third", &newer) == NULL && GetLastError() == ERROR_INVALID_PARAMETER);
    IS(ERROR_SUCCESS, SetClusterGroupNameEx, (first, L"first", WHY));
    IS(ERROR_SUCCESS, SetClusterGroupNodeListEx, (first, 1, &node, WHY));
    CONTROL_EX(ClusterGroupControlEx, first, CLUSCTL_GROUP_GET_COMMON_PROPERTIES);

    IS(ERROR_SUCCESS, CreateClusterResourceTypeEx,
       (cluster, L"a type", L"A type", L"/nowhere/a.so", 5000, 60000, WHY));
    IS(ERROR_SUCCESS, DeleteClusterResourceTypeEx, (cluster, L"a type", WHY));
    size = sizeof(bytes);
    IS(ERROR_SUCCESS, ClusterResourceTypeControlEx,
       (cluster, L"Generic Application", NULL, CLUSCTL_RESOURCE_TYPE_GET_COMMON_PROPERTIES, NULL, 0, bytes,
        sizeof(bytes), &size, WHY));

    OPEN(a, CreateClusterResourceEx, (first, L"a", L"Generic Application", 0, WHY));
    NEED((b = CreateClusterResourceEx(first, L"bb", L"Generic Application", 0, NULL)) != NULL);
    IS(ERROR_SUCCESS, SetClusterResourceNameEx, (b, L"b", WHY));
    CONTROL_EX(ClusterResourceControlEx, a, CLUSCTL_RESOURCE_GET_PRIVATE_PROPERTIES);
    IS(ERROR_SUCCESS, AddClusterResourceDependencyEx, (a, b, WHY));
    IS(ERROR_SUCCESS, RemoveClusterResourceDependencyEx, (a, b, WHY));
    NEED_IS(RemoveClusterResourceDependencyEx(a, b, WHY), ERROR_DEPENDENCY_NOT_FOUND);
    IS(ERROR_SUCCESS, RemoveClusterResourceNodeEx, (a, node, WHY));
    IS(ERROR_SUCCESS, AddClusterResourceNodeEx, (a, node, WHY));
    NEED_IS(DeleteClusterResourceEx((HRESOURCE)0x77, WHY), ERROR_INVALID_HANDLE);
    IS(ERROR_SUCCESS, DeleteClusterResourceEx, (b, WHY));

    /* It can run, and it is the group's only resource. */
    static const BYTE command[] = {
        1, 0, 0, 0, 3, 0, 4, 0, 24, 0, 0, 0, 'C', 0, 'o', 0, 'm', 0, 'm', 0, 'a', 0, 'n', 0, 'd', 0, 'L', 0, 'i', 0,
        'n', 0, 'e', 0, 0, 0, 3, 0, 1, 0, 22, 0, 0, 0, 's', 0, 'l', 0, 'e', 0, 'e', 0, 'p', 0, ' ', 0, '1', 0, '0', 0,
        '0', 0, '0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    NEED_IS(ClusterResourceControlEx(a, NULL, CLUSCTL_RESOURCE_SET_PRIVATE_PROPERTIES, (LPVOID)command,
                                     sizeof(command), NULL, 0, &size, WHY), ERROR_SUCCESS);
    OPEN(port, CreateClusterNotifyPortV2, (INVALID_HANDLE_VALUE, cluster, &state, 1, 7));
    IS(ERROR_IO_PENDING, OnlineClusterResourceEx2, (a, 0, NULL, 0, WHY));
    until(ClusterResourceOnline);
    IS(ERROR_SUCCESS, RestartClusterResourceEx, (a, 0, WHY));
    until(ClusterResourceOnline);
    IS(ERROR_SUCCESS, FailClusterResourceEx, (a, WHY));
    until(ClusterResourceOnline);
    IS(ERROR_IO_PENDING, OfflineClusterGroupEx2, (first, 0, NULL, 0, WHY));
    until(ClusterResourceOffline);
    IS(ERROR_IO_PENDING, OnlineClusterGroupEx2, (first, NULL, 0, NULL, 0, WHY));
    until(ClusterResourceOnline);
    NODE_IS(ERROR_SUCCESS, MoveClusterGroupEx2, (first, node, 0, NULL, 0, WHY));
    NEED_IS(MoveClusterGroupEx2(first, NULL, 0, NULL, 0, WHY), ERROR_CLUSTER_NODE_DOWN);
    NODE_IS(ERROR_SUCCESS, OnlineClusterGroupEx2, (first, node, 0, NULL, 0, WHY));
    NEED_IS(OfflineClusterGroupEx2(first, 0, NULL, 0, NULL), ERROR_IO_PENDING);
    until(ClusterResourceOffline);
    NEED(CloseClusterNotifyPort(port));
    port = other_port;

    NEED((base = CreateClusterGroupSet(cluster, L"base")) != NULL);
    NEED((apps = CreateClusterGroupSet(cluster, L"apps")) != NULL);
    NEED_IS(ClusterAddGroupToGroupSet(base, first), ERROR_SUCCESS);
    CONTROL_EX(ClusterGroupSetControlEx, base, CLUSCTL_GROUPSET_GET_COMMON_PROPERTIES);
    IS(ERROR_SUCCESS, AddClusterGroupSetDependencyEx, (apps, base, WHY));
    IS(ERROR_SUCCESS, RemoveClusterGroupSetDependencyEx, (apps, base, WHY));
    IS(ERROR_SUCCESS, SetClusterGroupSetDependencyExpressionEx, (apps, L"[base]", WHY));
    NEED_IS(SetClusterGroupSetDependencyExpressionEx(apps, L"", WHY), ERROR_SUCCESS);
    IS(ERROR_SUCCESS, AddClusterGroupToGroupSetDependencyEx, (second, base, WHY));
    IS(ERROR_SUCCESS, RemoveClusterGroupToGroupSetDependencyEx, (second, base, WHY));
    IS(ERROR_SUCCESS, AddClusterGroupDependencyEx, (second, first, WHY));
    IS(ERROR_SUCCESS, RemoveClusterGroupDependencyEx, (second, first, WHY));
    IS(ERROR_SUCCESS, SetGroupDependencyExpressionEx, (second, L"[first]", WHY));
    NEED_IS(SetGroupDependencyExpressionEx(second, L"", WHY), ERROR_SUCCESS);
    IS(ERROR_SUCCESS, ClusterRemoveGroupFromGroupSetEx, (first, WHY));
    IS(ERROR_SUCCESS, DeleteClusterGroupSetEx, (base, WHY));
    NEED_IS(DeleteClusterGroupSetEx(apps, WHY), ERROR_SUCCESS);

    NEED_IS(DeleteClusterResourceEx(a, WHY), ERROR_SUCCESS);
    IS(ERROR_SUCCESS, DeleteClusterGroupEx, (first, WHY));
    /* What is online goes offline first. */
    NEED((third = CreateClusterGroup(cluster, L"third")) != NULL);
    NEED((b = (CloseClusterResource(b), CreateClusterResource(third, L"last", L"Generic Application", 0))) != NULL);
    NEED_IS(ClusterResourceControl(b, NULL, CLUSCTL_RESOURCE_SET_PRIVATE_PROPERTIES, (LPVOID)command,
                                   sizeof(command), NULL, 0, &size), ERROR_SUCCESS);
    NEED((port = CreateClusterNotifyPortV2(INVALID_HANDLE_VALUE, cluster, &state, 1, 7)) != NULL);
    NEED_IS(OnlineClusterResource(b), ERROR_IO_PENDING);
    until(ClusterResourceOnline);
    NEED(CloseClusterNotifyPort(port));
    port = other_port;
    IS(ERROR_SUCCESS, DestroyClusterGroupEx, (third, WHY));
    NEED(CloseClusterGroup(third));
    NEED_IS(DeleteClusterGroupEx(second, L""), ERROR_SUCCESS);
    NEED(CloseClusterResource(a) && CloseClusterResource(b) && CloseClusterGroup(first) && CloseClusterGroup(second));
    NEED(CloseClusterGroupSet(base) && CloseClusterGroupSet(apps));
}

int main(void)
{
    NOTIFY_FILTER_AND_TYPE none = {CLUSTER_OBJECT_TYPE_CLUSTER, CLUSTER_CHANGE_CLUSTER_STATE_V2};
    NOTIFY_FILTER_AND_TYPE state = {CLUSTER_OBJECT_TYPE_RESOURCE, CLUSTER_CHANGE_RESOURCE_STATE_V2};
    HCLUSTER cluster, other;
    HNODE node, node_ex, other_node;
    HGROUP group, group_ex;
    HRESOURCE one, one_ex;
    WCHAR name[256], owner[256], name_before[256];
    DWORD length = 256, owner_length = 256, granted = 0;

    OPEN(cluster, OpenCluster, (NULL));
    OPEN(other, OpenClusterEx, (NULL, GENERIC_READ, &granted));
    IS(ERROR_SUCCESS, GetClusterInformation, (cluster, name, &length, NULL));
    IS(ERROR_INVALID_PARAMETER, BackupClusterDatabase, (cluster, L"not/absolute"));
    memcpy(name_before, name, sizeof(name));
    IS(ERROR_SUCCESS, SetClusterName, (cluster, L"renamed"));
    NEED_IS(SetClusterName(cluster, name), ERROR_SUCCESS);
    OPEN(node, OpenClusterNode, (cluster, L"node1"));
    OPEN(node_ex, OpenClusterNodeEx, (cluster, L"node1", GENERIC_READ, &granted));
    NEED((other_node = OpenClusterNodeEx(other, L"node1", GENERIC_READ, &granted)) != NULL);
    IS(ClusterNodeUp, GetClusterNodeState, (node));
    OPEN(group, OpenClusterGroup, (cluster, L"g"));
    OPEN(group_ex, OpenClusterGroupEx, (cluster, L"g", GENERIC_READ, &granted));
    NEED_IS(OnlineClusterGroup(group_ex, node), ERROR_ACCESS_DENIED);
    length = 256;
    IS(ClusterGroupOffline, GetClusterGroupState, (group, name, &length));
    OPEN(one, OpenClusterResource, (cluster, L"one"));
    OPEN(one_ex, OpenClusterResourceEx, (cluster, L"one", GENERIC_READ, &granted));
    length = 256;
    IS(ClusterResourceOffline, GetClusterResourceState, (one, owner, &owner_length, name, &length));
    told("GetClusterFromNode", GetClusterFromNode(node) == cluster ? ERROR_SUCCESS : GetLastError(), 0, 0);
    told("GetClusterFromGroup", GetClusterFromGroup(group) == cluster ? ERROR_SUCCESS : GetLastError(), 0, 0);
    told("GetClusterFromResource", GetClusterFromResource(one) == cluster ? ERROR_SUCCESS : GetLastError(), 0, 0);

    objects(cluster, group, one);
    controls(cluster, node, other_node, group, one);
    life(cluster);
    order(cluster, other, node, other_node);
    networks(cluster, other, node, other_node);

    OPEN(port, CreateClusterNotifyPortV2, (INVALID_HANDLE_VALUE, cluster, &none, 1, 1));
    IS(ERROR_SUCCESS, RegisterClusterNotifyV2, (port, state, one, 7));
    operations(node, other_node, group, one);
    with_reasons(cluster, node);
    NEED_IS(SetClusterName(cluster, name_before), ERROR_SUCCESS);
    IS_TRUE(CloseClusterNotifyPort, (port));

    IS_TRUE(CloseClusterNode, (node));
    NEED(CloseClusterNode(node_ex) && CloseClusterNode(other_node));
    NEED(CloseClusterGroup(group) && CloseClusterGroup(group_ex));
    NEED(CloseClusterResource(one) && CloseClusterResource(one_ex));
    NEED(CloseCluster(other));
    IS_TRUE(CloseCluster, (cluster));

    void *memory;
    SetLastError(4711);
    told("SetLastError", GetLastError() == 4711 ? ERROR_SUCCESS : 1, 0, 0);
    told("GetLastError", GetLastError() == 4711 ? ERROR_SUCCESS : 1, 0, 0);
    OPEN(memory, LocalAlloc, (LPTR, 16));
    told("LocalFree", LocalFree(memory) == NULL ? ERROR_SUCCESS : GetLastError(), 0, 0);
    Sleep(0);
    told("Sleep", ERROR_SUCCESS, 0, 0);
    return 0;
}
