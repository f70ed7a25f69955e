/* windows.h: the small part of the Win32 headers that programs around the Failover Cluster API use.
 *
 * It owns: integer, string and handle types, calling-convention and SAL words, the thread's last error, Sleep, and
 * the numbers of registry types and access rights. It is not a port of Win32; what is not needed here is not here.
 *
 * Widths. LONG, DWORD and friends have the widths of Windows on every machine (a long of Linux has 64 bits and is
 * never used). WCHAR is the compiler's wchar_t, so that L"..." and wprintf work: 32 bits by default, 16 bits with
 * -fshort-wchar. Functions that take such strings exist in both widths; MAINSTAY_WIDE chooses.
 */
#ifndef MAINSTAY_WINDOWS_H
#define MAINSTAY_WINDOWS_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* The SAL words __in and __out are also parameter names inside libstdc++. Its headers that use them must therefore
 * be read before the words exist; their include guards make a later #include do nothing. libc++ avoids the names.
 * A program that has no use for the words defines MAINSTAY_NO_SAL and saves the time to read these headers. */
#if defined(__cplusplus) && !defined(MAINSTAY_NO_SAL)
#include "mainstay/std_before_sal.hpp"
#endif

#include "winerror.h"

/* ---- Integers ---------------------------------------------------------------------------------------------- */

typedef int32_t BOOL;
typedef uint8_t BOOLEAN;
typedef uint8_t BYTE;
typedef char CHAR;
typedef unsigned char UCHAR;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef uint16_t WORD;
typedef int32_t INT;
typedef uint32_t UINT;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef int64_t INT64;
typedef uint64_t UINT64;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uint64_t DWORDLONG;
typedef uint64_t DWORD64;
typedef intptr_t INT_PTR;
typedef uintptr_t UINT_PTR;
typedef intptr_t LONG_PTR;
typedef uintptr_t ULONG_PTR;
typedef uintptr_t DWORD_PTR;
typedef size_t SIZE_T;
typedef int32_t HRESULT;
typedef wchar_t WCHAR;

/* ---- Pointers ---------------------------------------------------------------------------------------------- */

typedef void *PVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef BOOL *PBOOL;
typedef BOOL *LPBOOL;
typedef BYTE *PBYTE;
typedef BYTE *LPBYTE;
typedef const BYTE *LPCBYTE;
typedef WORD *PWORD;
typedef WORD *LPWORD;
typedef DWORD *PDWORD;
typedef DWORD *LPDWORD;
typedef DWORD_PTR *PDWORD_PTR;
typedef LONG *PLONG;
typedef LONG *LPLONG;
typedef ULONG *PULONG;
typedef CHAR *PSTR;
typedef CHAR *LPSTR;
typedef const CHAR *PCSTR;
typedef const CHAR *LPCSTR;
typedef WCHAR *PWCHAR;
typedef WCHAR *PWSTR;
typedef WCHAR *LPWSTR;
typedef const WCHAR *PCWSTR;
typedef const WCHAR *LPCWSTR;
/* Several strings one after the other, each closed by a NUL, and one more NUL at the end. */
typedef WCHAR *PZZWSTR;
typedef const WCHAR *PCZZWSTR;

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

/* ---- Structures -------------------------------------------------------------------------------------------- */

typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        DWORD HighPart;
    };
    struct {
        DWORD LowPart;
        DWORD HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

/* Steps of 100 ns since the first day of 1601. */
typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _SYSTEMTIME {
    WORD wYear;
    WORD wMonth;
    WORD wDayOfWeek;
    WORD wDay;
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;

typedef PVOID PSECURITY_DESCRIPTOR;
typedef DWORD SECURITY_INFORMATION;

/* ---- Handles ----------------------------------------------------------------------------------------------- */

/* Handles are opaque: a number of the library's own in the shape of a pointer, never an address to follow. */
typedef void *HANDLE;
typedef HANDLE *PHANDLE;
typedef HANDLE *LPHANDLE;

/* A handle type of its own for each kind of object, so that the compiler tells them apart. */
#define DECLARE_HANDLE(name)         \
    typedef struct name##__ *name;   \
    typedef name *P##name

DECLARE_HANDLE(HKEY);
typedef HANDLE HLOCAL;
typedef DWORD REGSAM;
typedef DWORD ACCESS_MASK;

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)

/* ---- Words of declarations --------------------------------------------------------------------------------- */

/* There is one calling convention on Linux. */
#define WINAPI
#define CALLBACK
#define APIENTRY
#define __cdecl
#define __stdcall
#define __fastcall
#ifndef __declspec
#define __declspec(word) MAINSTAY_DECLSPEC_##word
#define MAINSTAY_DECLSPEC_dllexport __attribute__((visibility("default")))
#define MAINSTAY_DECLSPEC_dllimport
#define MAINSTAY_DECLSPEC_noreturn __attribute__((noreturn))
#endif

#ifndef MAINSTAY_NO_SAL
#define __in
#define __in_opt
#define __out
#define __out_opt
#define __inout
#define __inout_opt
#define __deref_out
#define __deref_out_opt
#define __in_bcount(size)
#define __in_bcount_opt(size)
#define __in_ecount(size)
#define __in_ecount_opt(size)
#define __out_bcount(size)
#define __out_bcount_opt(size)
#define __out_ecount(size)
#define __out_ecount_opt(size)
#define __inout_bcount(size)
#define __inout_ecount(size)
#define __inout_ecount_opt(size)
#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_reads_(size)
#define _In_reads_opt_(size)
#define _In_reads_bytes_(size)
#define _In_reads_bytes_opt_(size)
#define _Out_
#define _Out_opt_
#define _Out_writes_(size)
#define _Out_writes_opt_(size)
#define _Out_writes_bytes_(size)
#define _Out_writes_bytes_opt_(size)
#define _Out_writes_to_(size, count)
#define _Out_writes_to_opt_(size, count)
#define _Out_writes_bytes_to_(size, count)
#define _Out_writes_bytes_to_opt_(size, count)
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(size)
#define _Inout_updates_opt_(size)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_result_bytebuffer_(size)
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Reserved_
#define _Success_(condition)
#define _When_(condition, words)
#define _Must_inspect_result_
#define _Check_return_
#define _Null_terminated_
#define _Printf_format_string_
#define _Use_decl_annotations_
#define _Pre_
#define _Post_
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#endif /* MAINSTAY_NO_SAL */

#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))

/* Follows the declarator of a function that takes or gives wide strings. The plain name takes units of 16 bits, as
 * on Windows; Name_w4 takes units of 32 bits. Programs write the plain name, the linker sees the right one. */
#if __SIZEOF_WCHAR_T__ == 4
#define MAINSTAY_WIDE(name) __asm__(#name "_w4")
#else
#define MAINSTAY_WIDE(name)
#endif

#ifdef __cplusplus
#define MAINSTAY_EXTERN_C_BEGIN extern "C" {
#define MAINSTAY_EXTERN_C_END }
#define EXTERN_C extern "C"
#else
#define MAINSTAY_EXTERN_C_BEGIN
#define MAINSTAY_EXTERN_C_END
#define EXTERN_C extern
#endif

/* ---- Numbers ----------------------------------------------------------------------------------------------- */

#define INFINITE 0xFFFFFFFFu
#define MAXDWORD 0xFFFFFFFFu
#define MAXWORD 0xFFFFu
#define MAX_PATH 260

#define WAIT_OBJECT_0 0u
#define WAIT_FAILED 0xFFFFFFFFu

#define GENERIC_READ 0x80000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_ALL 0x10000000u
#define MAXIMUM_ALLOWED 0x02000000u
#define DELETE 0x00010000u
#define READ_CONTROL 0x00020000u
#define WRITE_DAC 0x00040000u
#define WRITE_OWNER 0x00080000u
#define SYNCHRONIZE 0x00100000u

#define REG_NONE 0
#define REG_SZ 1
#define REG_EXPAND_SZ 2
#define REG_BINARY 3
#define REG_DWORD 4
#define REG_DWORD_LITTLE_ENDIAN 4
#define REG_DWORD_BIG_ENDIAN 5
#define REG_LINK 6
#define REG_MULTI_SZ 7
#define REG_QWORD 11
#define REG_QWORD_LITTLE_ENDIAN 11

#define REG_OPTION_NON_VOLATILE 0
#define REG_OPTION_VOLATILE 1
#define REG_CREATED_NEW_KEY 1
#define REG_OPENED_EXISTING_KEY 2

#define KEY_QUERY_VALUE 0x00000001u
#define KEY_SET_VALUE 0x00000002u
#define KEY_CREATE_SUB_KEY 0x00000004u
#define KEY_ENUMERATE_SUB_KEYS 0x00000008u
#define KEY_NOTIFY 0x00000010u
#define KEY_READ 0x00020019u
#define KEY_WRITE 0x00020006u
#define KEY_EXECUTE 0x00020019u
#define KEY_ALL_ACCESS 0x000F003Fu

/* Flags of LocalAlloc. */
#define LMEM_FIXED 0x0000
#define LMEM_ZEROINIT 0x0040
#define LPTR 0x0040

#define LOWORD(value) ((WORD)((DWORD_PTR)(value) & 0xFFFF))
#define HIWORD(value) ((WORD)(((DWORD_PTR)(value) >> 16) & 0xFFFF))

/* ---- Functions --------------------------------------------------------------------------------------------- */

MAINSTAY_EXTERN_C_BEGIN

/* The calling thread's last error. A function that answers with a handle or with TRUE and FALSE sets it when it
 * fails, and leaves it alone when it succeeds. */
DWORD WINAPI GetLastError(void);
void WINAPI SetLastError(DWORD dwErrCode);

/* Waits for at least so many milliseconds; INFINITE never returns. */
void WINAPI Sleep(DWORD dwMilliseconds);

/* Memory that crosses the API's border. LocalFree answers NULL when it has freed, as it always does for NULL. */
HLOCAL WINAPI LocalAlloc(UINT uFlags, SIZE_T uBytes);
HLOCAL WINAPI LocalFree(HLOCAL hMem);

MAINSTAY_EXTERN_C_END

#endif
