/* Sets one common property of one object, and prints what the call answers.
 *
 * set KIND OBJECT PROPERTY dword NUMBER | sz TEXT | unset -
 * KIND is cluster, node, group, resource or type. */
#include "say.h"

#include <clusprop.h>
#include <string.h>

static BYTE list[4096];
static DWORD filled;

static void put(const void *bytes, DWORD size)
{
    NEED(size <= sizeof(list) - filled);
    memcpy(list + filled, bytes, size);
    filled += size;
}

static void put_dword(DWORD number)
{
    put(&number, sizeof(number));
}

/* An entry: what it is, its length, UTF-16, and zeros up to the next multiple of four. */
static void put_text(DWORD syntax, const char *text)
{
    DWORD units = (DWORD)strlen(text) + 1;
    put_dword(syntax);
    put_dword(units * 2);
    for (DWORD i = 0; i < units; i++) {
        BYTE unit[2] = {(BYTE)text[i], 0};
        put(unit, sizeof(unit));
    }
    if (units % 2 != 0)
        put("\0\0", 2);
}

int main(int argc, char **argv)
{
    WCHAR name[256];
    NEED(argc == 6);
    const char *kind = argv[1], *format = argv[4];
    widen(argv[2], name, 256);

    put_dword(1);
    put_text(CLUSPROP_SYNTAX_NAME, argv[3]);
    if (strcmp(format, "dword") == 0) {
        put_dword(CLUSPROP_SYNTAX_LIST_VALUE_DWORD);
        put_dword(4);
        put_dword((DWORD)strtoul(argv[5], NULL, 10));
    } else if (strcmp(format, "sz") == 0) {
        put_text(CLUSPROP_SYNTAX_LIST_VALUE_SZ, argv[5]);
    } else {
        put_dword(CLUSPROP_SYNTAX_LIST_VALUE_DWORD);
        put_dword(0);
    }
    put_dword(CLUSPROP_SYNTAX_ENDMARK);

    DWORD status = ERROR_INVALID_PARAMETER, returned = 0;
    HCLUSTER cluster = OpenCluster(NULL);
    NEED(cluster != NULL);
    if (strcmp(kind, "cluster") == 0) {
        status = ClusterControl(cluster, NULL, CLUSCTL_CLUSTER_SET_COMMON_PROPERTIES, list, filled, NULL, 0, &returned);
    } else if (strcmp(kind, "node") == 0) {
        HNODE node = OpenClusterNode(cluster, name);
        NEED(node != NULL);
        status = ClusterNodeControl(node, NULL, CLUSCTL_NODE_SET_COMMON_PROPERTIES, list, filled, NULL, 0, &returned);
        NEED(CloseClusterNode(node));
    } else if (strcmp(kind, "group") == 0) {
        HGROUP group = OpenClusterGroup(cluster, name);
        NEED(group != NULL);
        status = ClusterGroupControl(group, NULL, CLUSCTL_GROUP_SET_COMMON_PROPERTIES, list, filled, NULL, 0, &returned);
        NEED(CloseClusterGroup(group));
    } else if (strcmp(kind, "resource") == 0) {
        HRESOURCE resource = OpenClusterResource(cluster, name);
        NEED(resource != NULL);
        status = ClusterResourceControl(resource, NULL, CLUSCTL_RESOURCE_SET_COMMON_PROPERTIES, list, filled, NULL, 0,
                                        &returned);
        NEED(CloseClusterResource(resource));
    } else if (strcmp(kind, "type") == 0) {
        status = ClusterResourceTypeControl(cluster, name, NULL, CLUSCTL_RESOURCE_TYPE_SET_COMMON_PROPERTIES, list,
                                            filled, NULL, 0, &returned);
    }
    printf("%u\n", (unsigned)status);
    NEED(CloseCluster(cluster));
    return 0;
}
