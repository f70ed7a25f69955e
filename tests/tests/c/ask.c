/* Sends one control code of the cluster with a list of texts and numbers, and prints what the call answers and the texts
 * and numbers that come back.
 *
 * ask CODE [NAME=TEXT | NAME#NUMBER]... */
#include "say.h"

#include <clusprop.h>
#include <string.h>

#define ROOM (1 << 20)

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
static void put_text(DWORD syntax, const char *text, size_t length)
{
    put_dword(syntax);
    put_dword((DWORD)(length + 1) * 2);
    for (size_t i = 0; i <= length; i++) {
        BYTE unit[2] = {i < length ? (BYTE)text[i] : 0, 0};
        put(unit, sizeof(unit));
    }
    if (length % 2 == 0)
        put("\0\0", 2);
}

static DWORD dword_at(const BYTE *bytes, DWORD size, DWORD at)
{
    DWORD number;
    NEED(at <= size && size - at >= sizeof(number));
    memcpy(&number, bytes + at, sizeof(number));
    return number;
}

/* Prints an entry's text, and answers where the next entry begins. */
static DWORD say_text(const BYTE *bytes, DWORD size, DWORD at, const char *end)
{
    DWORD length = dword_at(bytes, size, at + 4);
    NEED(length % 2 == 0 && length <= size - at - 8);
    for (DWORD i = 0; i + 2 < length; i += 2) {
        const BYTE *unit = bytes + at + 8 + i;
        putchar(unit[1] == 0 && unit[0] < 0x80 ? unit[0] : '?');
    }
    fputs(end, stdout);
    return at + 8 + (length + 3) / 4 * 4;
}

static void say_list(const BYTE *bytes, DWORD size)
{
    DWORD count = dword_at(bytes, size, 0), at = 4;
    for (; count > 0; count--) {
        NEED(dword_at(bytes, size, at) == CLUSPROP_SYNTAX_NAME);
        at = say_text(bytes, size, at, ": ");
        DWORD syntax = dword_at(bytes, size, at);
        if (syntax == CLUSPROP_SYNTAX_LIST_VALUE_SZ) {
            at = say_text(bytes, size, at, "\n");
        } else {
            NEED(syntax == CLUSPROP_SYNTAX_LIST_VALUE_DWORD);
            printf("%u\n", (unsigned)dword_at(bytes, size, at + 8));
            at += 12;
        }
        NEED(dword_at(bytes, size, at) == CLUSPROP_SYNTAX_ENDMARK);
        at += 4;
    }
}

int main(int argc, char **argv)
{
    static BYTE answer[ROOM];
    NEED(argc >= 2);
    DWORD code = (DWORD)strtoul(argv[1], NULL, 0);
    put_dword((DWORD)(argc - 2));
    for (int i = 2; i < argc; i++) {
        const char *end = strpbrk(argv[i], "=#");
        NEED(end != NULL);
        put_text(CLUSPROP_SYNTAX_NAME, argv[i], (size_t)(end - argv[i]));
        if (*end == '=') {
            put_text(CLUSPROP_SYNTAX_LIST_VALUE_SZ, end + 1, strlen(end + 1));
        } else {
            put_dword(CLUSPROP_SYNTAX_LIST_VALUE_DWORD);
            put_dword(4);
            put_dword((DWORD)strtoul(end + 1, NULL, 10));
        }
        put_dword(CLUSPROP_SYNTAX_ENDMARK);
    }

    /* Who may only look may ask. */
    DWORD granted = 0, needed = 0, returned = 0;
    HCLUSTER cluster = OpenClusterEx(NULL, GENERIC_READ, &granted);
    NEED(cluster != NULL);
    DWORD status = ClusterControl(cluster, NULL, code, list, filled, answer, 8, &needed);
    if (status == ERROR_MORE_DATA) {
        /* It says how much room it needs, and that is enough. */
        NEED(needed > 8 && needed <= ROOM);
        status = ClusterControl(cluster, NULL, code, list, filled, answer, needed, &returned);
        NEED(returned <= needed);
    }
    printf("%u\n", (unsigned)status);
    if (status == ERROR_SUCCESS)
        say_list(answer, returned);
    NEED(CloseCluster(cluster));
    return 0;
}
