/* What the programs here share. They print with printf only: the C library's wide functions know one width of wchar_t,
 * and these programs are compiled with both. */
#ifndef SAY_H
#define SAY_H

#include <windows.h>
#include <clusapi.h>

#include <stdio.h>
#include <stdlib.h>

/* Ends the program when something is not as it has to be. */
#define NEED(condition)                                                                             \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "%s:%d: %s; last error %u\n", __FILE__, __LINE__, #condition,           \
                    (unsigned)GetLastError());                                                      \
            exit(1);                                                                                \
        }                                                                                           \
    } while (0)

/* Ends the program when a call answers something else, and says what. */
#define NEED_IS(call, expected)                                                                     \
    do {                                                                                            \
        DWORD is_ = (DWORD)(call);                                                                  \
        if (is_ != (DWORD)(expected)) {                                                             \
            fprintf(stderr, "%s:%d: %s is %u, not %u\n", __FILE__, __LINE__, #call, (unsigned)is_,  \
                    (unsigned)(expected));                                                          \
            exit(1);                                                                                \
        }                                                                                           \
    } while (0)

/* Names in these tests are ASCII. */
static inline const char *narrow(const WCHAR *wide, char *text, size_t room)
{
    size_t length = 0;
    for (; wide[length] != 0 && length + 1 < room; length++)
        text[length] = wide[length] < 0x80 ? (char)wide[length] : '?';
    text[length] = '\0';
    return text;
}

static inline void widen(const char *text, WCHAR *wide, size_t room)
{
    size_t length = 0;
    for (; text[length] != '\0' && length + 1 < room; length++)
        wide[length] = (WCHAR)(unsigned char)text[length];
    wide[length] = 0;
}

static inline const char *state_name(DWORD state)
{
    switch (state) {
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
        return "another";
    }
}

/* Waits for the next change of state on a port, and answers it. */
static inline DWORD next_state(HCHANGE port, DWORD_PTR wanted_key)
{
    NOTIFY_FILTER_AND_TYPE what = {0, 0};
    DWORD_PTR key = 0;
    DWORD state = 0, size = sizeof(state);
    NEED_IS(GetClusterNotifyV2(port, &key, &what, (BYTE *)&state, &size, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               NULL, 60000),
            ERROR_SUCCESS);
    NEED(key == wanted_key && size == sizeof(state));
    NEED(what.dwObjectType == CLUSTER_OBJECT_TYPE_RESOURCE);
    NEED(what.FilterFlags == CLUSTER_CHANGE_RESOURCE_STATE_V2);
    return state;
}

#endif
