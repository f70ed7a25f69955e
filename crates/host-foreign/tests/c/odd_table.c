/* odd_table.c: libraries whose table cannot be used; -DODD=... chooses how. */
#include <resapi.h>

#define ODD_NULL 0
#define ODD_VERSION_3 1
#define ODD_SMALL 2
#define ODD_NO_ONLINE 3
#define ODD_REFUSES 4

static CLRES_FUNCTION_TABLE table;

DWORD WINAPI StartupEx(LPCWSTR type, DWORD lowest, DWORD highest, PCLRES_CALLBACK_FUNCTION_TABLE callbacks,
                       PCLRES_FUNCTION_TABLE *functions)
{
    (void)type, (void)lowest, (void)callbacks;
    table.TableSize = ODD == ODD_SMALL ? 16 : sizeof(table);
    table.Version = ODD == ODD_VERSION_3 ? CLRES_VERSION_V3_00 : CLRES_VERSION_V2_00;
    *functions = ODD == ODD_NULL ? NULL : &table;
    if (ODD == ODD_REFUSES && highest < CLRES_VERSION_V4_00)
        return ERROR_REVISION_MISMATCH;
    return ERROR_SUCCESS;
}
