/* Lists what is in the cluster, and the properties of the resource named on the command line as bytes in hexadecimal. */
#include "say.h"

static void list(HCLUSTER cluster, const char *kind, DWORD mask)
{
    HCLUSENUM all = ClusterOpenEnum(cluster, mask);
    NEED(all != NULL);
    DWORD count = ClusterGetEnumCount(all);
    for (DWORD i = 0;; i++) {
        WCHAR name[256];
        char text[256];
        DWORD type = 0, length = 0, status;
        /* Once for the length, once for the name. */
        status = ClusterEnum(all, i, &type, NULL, &length);
        if (status == ERROR_NO_MORE_ITEMS) {
            NEED(i == count);
            break;
        }
        NEED(status == ERROR_SUCCESS || status == ERROR_MORE_DATA);
        NEED(length < 255);
        DWORD room = length + 1;
        NEED_IS(ClusterEnum(all, i, &type, name, &room), ERROR_SUCCESS);
        NEED(type == mask && room == length);
        printf("%s %s\n", kind, narrow(name, text, sizeof(text)));
    }
    NEED_IS(ClusterCloseEnum(all), ERROR_SUCCESS);
}

static void show(HRESOURCE resource, const char *kind, DWORD code)
{
    DWORD size = 0, written = 0;
    DWORD status = ClusterResourceControl(resource, NULL, code, NULL, 0, NULL, 0, &size);
    NEED(status == ERROR_SUCCESS || status == ERROR_MORE_DATA);
    BYTE *bytes = malloc(size + 1);
    NEED(bytes != NULL);
    /* One byte too few is told, and nothing is written beyond. */
    if (size > 0) {
        bytes[size - 1] = 0xA5;
        NEED_IS(ClusterResourceControl(resource, NULL, code, NULL, 0, bytes, size - 1, &written), ERROR_MORE_DATA);
        NEED(written == size && bytes[size - 1] == 0xA5);
    }
    NEED_IS(ClusterResourceControl(resource, NULL, code, NULL, 0, bytes, size, &written), ERROR_SUCCESS);
    NEED(written == size);
    printf("%s ", kind);
    for (DWORD i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    printf("\n");
    free(bytes);
}

int main(int argc, char **argv)
{
    WCHAR name[256];
    NEED(argc == 2);
    widen(argv[1], name, 256);
    HCLUSTER cluster = OpenCluster(NULL);
    NEED(cluster != NULL);
    list(cluster, "node", CLUSTER_ENUM_NODE);
    list(cluster, "type", CLUSTER_ENUM_RESTYPE);
    list(cluster, "group", CLUSTER_ENUM_GROUP);
    list(cluster, "resource", CLUSTER_ENUM_RESOURCE);
    HRESOURCE resource = OpenClusterResource(cluster, name);
    NEED(resource != NULL);
    show(resource, "common", CLUSCTL_RESOURCE_GET_COMMON_PROPERTIES);
    show(resource, "private", CLUSCTL_RESOURCE_GET_PRIVATE_PROPERTIES);
    show(resource, "name", CLUSCTL_RESOURCE_GET_NAME);
    show(resource, "kind", CLUSCTL_RESOURCE_GET_RESOURCE_TYPE);
    NEED(CloseClusterResource(resource));
    NEED(CloseCluster(cluster));
    return 0;
}
