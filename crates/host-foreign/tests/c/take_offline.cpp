// take_offline.cpp: the calls that a program written for the Failover Cluster API makes to take a resource offline,
// in the style in which such programs are written: SAL words, Windows' names of headers, goto for cleaning up.
//
// It is compiled by a test against our headers, with an empty stdafx.h, without a warning.

#include "stdafx.h"
#include <windows.h>
#include <stdio.h>
#include <ClusAPI.h>

#define TYPE_OF_DEMO L"dummy"
#define NAME_OF_DEMO L"DemoResource"

// True once it is offline, false when it came to stand elsewhere.
BOOL HasGoneOffline(__in HRESOURCE handle)
{
    while (true)
    {
        CLUSTER_RESOURCE_STATE now = GetClusterResourceState(handle, NULL, 0, NULL, 0);
        if (now == ClusterResourceOnline || now == ClusterResourceFailed)
            return false;
        else if (now == ClusterResourceOffline)
            return true;
        Sleep(100);
    }
}

int __cdecl main(void)
{
    HCLUSTER cluster = NULL;
    HRESOURCE resource = NULL;
    DWORD result = 0;

    cluster = OpenCluster(NULL);
    if (cluster == NULL)
    {
        result = GetLastError();
        wprintf(L"no cluster: 0x%x\n", result);
        goto Cleanup;
    }

    resource = OpenClusterResource(cluster, NAME_OF_DEMO);
    if (resource == NULL)
    {
        result = GetLastError();
        wprintf(L"no resource " NAME_OF_DEMO L" of type " TYPE_OF_DEMO L": 0x%x\n", result);
        goto Cleanup;
    }

    result = OfflineClusterResourceEx(resource, CLUSAPI_RESOURCE_OFFLINE_IGNORE_RESOURCE_STATUS, NULL, 0);
    if (result == ERROR_IO_PENDING)
    {
        if (HasGoneOffline(resource))
            result = ERROR_SUCCESS;
    }
    if (result)
    {
        wprintf(L"not offline: " NAME_OF_DEMO L": 0x%x\n", result);
        goto Cleanup;
    }
    else
    {
        wprintf(L"offline: " NAME_OF_DEMO L"\n");
    }

Cleanup:
    if (resource != NULL)
    {
        CloseClusterResource(resource);
        resource = NULL;
    }
    if (cluster != NULL)
    {
        CloseCluster(cluster);
        cluster = NULL;
    }
    return (int)result;
}
