/* Cancels what runs on the group named on the command line, and prints the answer. */
#include "say.h"

int main(int argc, char **argv)
{
    WCHAR name[64];
    NEED(argc == 3);
    widen(argv[1], name, 64);
    HCLUSTER cluster = OpenCluster(NULL);
    NEED(cluster != NULL);
    HGROUP group = OpenClusterGroup(cluster, name);
    NEED(group != NULL);
    DWORD granted = 0;
    HGROUP reader = OpenClusterGroupEx(cluster, name, GENERIC_READ, &granted);
    NEED(reader != NULL);

    NEED_IS(CancelClusterGroupOperation(NULL, 0), ERROR_INVALID_HANDLE);
    NEED_IS(CancelClusterGroupOperation((HGROUP)cluster, 0), ERROR_INVALID_HANDLE);
    NEED_IS(CancelClusterGroupOperation(reader, 0), ERROR_ACCESS_DENIED);
    NEED_IS(CancelClusterGroupOperation(group, 1), ERROR_INVALID_PARAMETER);
    printf("%u\n", (unsigned)CancelClusterGroupOperation(group, 0));
    CloseClusterGroup(reader);
    NEED_IS(CancelClusterGroupOperation(reader, 0), ERROR_INVALID_HANDLE);
    CloseClusterGroup(group);
    CloseCluster(cluster);
    return 0;
}
