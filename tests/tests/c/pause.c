/* Pauses the cluster's node and resumes it, and prints its states. */
#include "say.h"

int main(int argc, char **argv)
{
    WCHAR name[64];
    DWORD granted = 0;
    NEED(argc == 2);
    widen(argv[1], name, 64);
    HCLUSTER cluster = OpenCluster(NULL);
    HCLUSTER other = OpenCluster(NULL);
    NEED(cluster != NULL && other != NULL);
    HNODE node = OpenClusterNode(cluster, name);
    HNODE elsewhere = OpenClusterNode(other, name);
    HNODE reader = OpenClusterNodeEx(cluster, name, GENERIC_READ, &granted);
    NEED(node != NULL && elsewhere != NULL && reader != NULL);

    /* What is no node's handle, and what may only look. */
    NEED_IS(PauseClusterNode(NULL), ERROR_INVALID_HANDLE);
    NEED_IS(PauseClusterNodeEx((HNODE)cluster, FALSE, 0, NULL), ERROR_INVALID_HANDLE);
    NEED_IS(PauseClusterNodeEx2(NULL, FALSE, 0, NULL, L"why"), ERROR_INVALID_HANDLE);
    NEED_IS(ResumeClusterNode(NULL), ERROR_INVALID_HANDLE);
    NEED_IS(ResumeClusterNodeEx(NULL, DoNotFailbackGroups, 0), ERROR_INVALID_HANDLE);
    NEED_IS(ResumeClusterNodeEx2(NULL, DoNotFailbackGroups, 0, NULL), ERROR_INVALID_HANDLE);
    NEED_IS(PauseClusterNode(reader), ERROR_ACCESS_DENIED);
    NEED_IS(PauseClusterNodeEx2(reader, FALSE, 0, NULL, L"why"), ERROR_ACCESS_DENIED);
    NEED_IS(ResumeClusterNode(reader), ERROR_ACCESS_DENIED);

    NEED_IS(ResumeClusterNode(node), ERROR_CLUSTER_NODE_NOT_PAUSED);
    NEED_IS(ResumeClusterNodeEx(node, DoNotFailbackGroups, 0), ERROR_CLUSTER_NODE_NOT_PAUSED);

    /* Nowhere to go. Without a drain the flags mean nothing, but what is none is refused. */
    NEED_IS(PauseClusterNodeEx(node, TRUE, 0, NULL), ERROR_CLUSTER_NODE_DOWN);
    NEED_IS(PauseClusterNodeEx(node, TRUE, 0x100, NULL), ERROR_INVALID_PARAMETER);
    NEED_IS(PauseClusterNodeEx(node, TRUE, 0, node), ERROR_INVALID_TARGET_HANDLE);
    NEED_IS(PauseClusterNodeEx(node, TRUE, 0, elsewhere), ERROR_INVALID_PARAMETER);
    NEED_IS(PauseClusterNodeEx(node, TRUE, 0, (HNODE)cluster), ERROR_INVALID_HANDLE);
    NEED_IS(PauseClusterNodeEx2(node, TRUE, 0, NULL, L"why"), ERROR_CLUSTER_NODE_DOWN);
    NEED_IS(PauseClusterNodeEx2(node, TRUE, 0, node, L"why"), ERROR_INVALID_TARGET_HANDLE);
    printf("%d\n", (int)GetClusterNodeState(node));
    NEED_IS(PauseClusterNodeEx(node, FALSE, 0x100, NULL), ERROR_INVALID_PARAMETER);
    NEED_IS(PauseClusterNodeEx(node, FALSE, 7, NULL), ERROR_SUCCESS);
    NEED_IS(PauseClusterNode(node), ERROR_SUCCESS);
    printf("%d\n", (int)GetClusterNodeState(node));

    NEED_IS(ResumeClusterNodeEx(node, (CLUSTER_NODE_RESUME_FAILBACK_TYPE)3, 0), ERROR_INVALID_PARAMETER);
    NEED_IS(ResumeClusterNodeEx(node, FailbackGroupsPerPolicy, 0), ERROR_SUCCESS);
    printf("%d\n", (int)GetClusterNodeState(node));
    NEED_IS(PauseClusterNodeEx2(node, FALSE, 0, NULL, L"new memory"), ERROR_SUCCESS);
    NEED_IS(ResumeClusterNodeEx2(node, DoNotFailbackGroups, 0, L"it is in"), ERROR_SUCCESS);
    NEED_IS(PauseClusterNodeEx2(node, FALSE, 0, NULL, NULL), ERROR_SUCCESS);
    NEED_IS(ResumeClusterNode(node), ERROR_SUCCESS);
    printf("%d\n", (int)GetClusterNodeState(node));
    CloseClusterNode(node);
    CloseClusterNode(elsewhere);
    CloseClusterNode(reader);
    CloseCluster(other);
    CloseCluster(cluster);
    return 0;
}
