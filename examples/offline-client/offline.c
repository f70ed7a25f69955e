/* offline.c: takes a resource offline and watches it go.
 *
 *     offline [RESOURCE [INSTRUCTION]]
 *
 * Opens the cluster of this machine and the resource (DemoResource when none is named), calls
 * OfflineClusterResourceEx, and looks at the state until the resource is offline or is seen not to go. A number as
 * INSTRUCTION goes along as the property "dummy" of the input buffer.
 *
 * Ends with 0 when the resource is offline, with 1 when it is not, with 2 for wrong usage.
 */
#include <windows.h>
#include <clusapi.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#define DEFAULT_RESOURCE "DemoResource"
#define NAME_MAX_LENGTH 255

/* How often the state is looked at. A program that must not poll opens a notification port instead. */
#define POLL_INTERVAL_MS 20

static const char *state_name(CLUSTER_RESOURCE_STATE state)
{
    switch (state) {
    case ClusterResourceInitializing:
        return "Initializing";
    case ClusterResourceOnline:
        return "Online";
    case ClusterResourceOffline:
        return "Offline";
    case ClusterResourceFailed:
        return "Failed";
    case ClusterResourceOnlinePending:
        return "OnlinePending";
    case ClusterResourceOfflinePending:
        return "OfflinePending";
    default:
        return "Unknown";
    }
}

/* Prints each state once, and answers 0 when the resource is offline. */
static DWORD watch_it_go(HRESOURCE resource)
{
    CLUSTER_RESOURCE_STATE shown = ClusterResourceStateUnknown;
    for (;;) {
        CLUSTER_RESOURCE_STATE state = GetClusterResourceState(resource, NULL, NULL, NULL, NULL);
        if (state == ClusterResourceStateUnknown)
            return GetLastError();
        if (state != shown)
            printf("state: %s\n", state_name(state));
        shown = state;
        if (state == ClusterResourceOffline)
            return ERROR_SUCCESS;
        /* Online again after an accepted call is a veto. */
        if (state == ClusterResourceOnline || state == ClusterResourceFailed)
            return ERROR_RESOURCE_FAILED;
        Sleep(POLL_INTERVAL_MS);
    }
}

/* A name from the command line, in this locale's encoding. Written out, since the C library's own conversion knows only
 * one width of wchar_t, while this file compiles with both. Answers 0 when it is no text or too long. */
static int widen(const char *text, WCHAR *name, size_t room)
{
    mbstate_t state;
    size_t left = strlen(text), length = 0;
    memset(&state, 0, sizeof(state));
    while (left > 0 && length + 2 < room) {
        char32_t c = 0;
        size_t used = mbrtoc32(&c, text, left, &state);
        if (used == 0 || used > left)
            return 0;
        if (sizeof(WCHAR) == 2 && c >= 0x10000) {
            name[length++] = (WCHAR)(0xD800 + ((c - 0x10000) >> 10));
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        name[length++] = (WCHAR)c;
        text += used;
        left -= used;
    }
    name[length] = 0;
    return left == 0;
}

/* A property list with one DWORD, byte for byte as clusprop.h says. Answers its size. */
static DWORD build_instruction(DWORD value, BYTE *list)
{
    static const CLUSPROP_WCHAR name[] = {'d', 'u', 'm', 'm', 'y', 0};
    CLUSPROP_BUFFER_HELPER at;
    at.pb = list;
    at.pList->nPropertyCount = 1;
    at.pb += sizeof(DWORD);
    at.pName->Syntax.dw = CLUSPROP_SYNTAX_NAME;
    at.pName->cbLength = sizeof(name);
    memcpy(at.pName->sz, name, sizeof(name));
    at.pb += sizeof(CLUSPROP_VALUE) + ALIGN_CLUSPROP(sizeof(name));
    at.pDwordValue->Syntax.dw = CLUSPROP_SYNTAX_LIST_VALUE_DWORD;
    at.pDwordValue->cbLength = sizeof(DWORD);
    at.pDwordValue->dw = value;
    at.pb += sizeof(CLUSPROP_DWORD);
    at.pSyntax->dw = CLUSPROP_SYNTAX_ENDMARK;
    at.pb += sizeof(DWORD);
    return (DWORD)(at.pb - list);
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : DEFAULT_RESOURCE;
    WCHAR name[NAME_MAX_LENGTH + 2];
    DWORD buffer[64], size = 0, error;
    HCLUSTER cluster = NULL;
    HRESOURCE resource = NULL;

    setlocale(LC_ALL, "");
    if (argc > 3) {
        fprintf(stderr, "usage: offline [RESOURCE [INSTRUCTION]]\n");
        return 2;
    }
    if (!widen(text, name, sizeof(name) / sizeof(name[0]))) {
        fprintf(stderr, "the name of the resource is too long or no text in this locale\n");
        return 2;
    }
    if (argc > 2)
        size = build_instruction((DWORD)strtoul(argv[2], NULL, 0), (BYTE *)buffer);

    cluster = OpenCluster(NULL);
    if (cluster == NULL) {
        error = GetLastError();
        fprintf(stderr, "cannot open the cluster: %u\n", error);
        goto close;
    }
    resource = OpenClusterResource(cluster, name);
    if (resource == NULL) {
        error = GetLastError();
        fprintf(stderr, "cannot open '%s': %u\n", text, error);
        goto close;
    }

    error = OfflineClusterResourceEx(resource, CLUSAPI_RESOURCE_OFFLINE_IGNORE_RESOURCE_STATUS,
                                     size > 0 ? (PBYTE)buffer : NULL, size);
    printf("OfflineClusterResourceEx: %u\n", error);
    if (error == ERROR_IO_PENDING)
        error = watch_it_go(resource);
    if (error == ERROR_SUCCESS)
        printf("'%s' is offline\n", text);
    else
        fprintf(stderr, "'%s' did not go offline: %u\n", text, error);

close:
    if (resource != NULL)
        CloseClusterResource(resource);
    if (cluster != NULL)
        CloseCluster(cluster);
    return error == ERROR_SUCCESS ? 0 : 1;
}
