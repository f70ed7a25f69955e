/* clusprop.h: property lists, the bytes in which properties and instructions travel.
 *
 *     list     = DWORD count, property{count}
 *     property = name, value{1 or more}, DWORD 0
 *     name     = DWORD CLUSPROP_SYNTAX_NAME, DWORD length, UTF-16LE with NUL, padding to 4
 *     value    = DWORD syntax, DWORD length, bytes, padding to 4
 *
 * A length does not count the padding. Strings in a list are always UTF-16LE, whatever the width of the program's
 * wchar_t; CLUSPROP_WCHAR is their unit. Numbers are little-endian.
 */
#ifndef MAINSTAY_CLUSPROP_H
#define MAINSTAY_CLUSPROP_H

#include "windows.h"

/* The unit of strings in a property list. It is wchar_t where that has 16 bits; elsewhere a program that would copy
 * wchar_t into a list does not compile, instead of writing what nobody can read. u"..." is such a string. */
#if __SIZEOF_WCHAR_T__ == 2
typedef wchar_t CLUSPROP_WCHAR;
#elif defined(__cplusplus)
typedef char16_t CLUSPROP_WCHAR;
#else
typedef uint_least16_t CLUSPROP_WCHAR;
#endif

/* ---- Formats: what the bytes of a value are ---------------------------------------------------------------- */

typedef DWORD CLUSTER_PROPERTY_FORMAT;
#define CLUSPROP_FORMAT_UNKNOWN 0
#define CLUSPROP_FORMAT_BINARY 1
#define CLUSPROP_FORMAT_DWORD 2
#define CLUSPROP_FORMAT_SZ 3
#define CLUSPROP_FORMAT_EXPAND_SZ 4
#define CLUSPROP_FORMAT_MULTI_SZ 5
#define CLUSPROP_FORMAT_ULARGE_INTEGER 6
#define CLUSPROP_FORMAT_LONG 7
#define CLUSPROP_FORMAT_EXPANDED_SZ 8
#define CLUSPROP_FORMAT_SECURITY_DESCRIPTOR 9
#define CLUSPROP_FORMAT_LARGE_INTEGER 0xA
#define CLUSPROP_FORMAT_WORD 0xB
#define CLUSPROP_FORMAT_FILETIME 0xC
#define CLUSPROP_FORMAT_VALUE_LIST 0xD
#define CLUSPROP_FORMAT_PROPERTY_LIST 0xE
#define CLUSPROP_FORMAT_USER 0x8000

/* ---- Types: what a value is for ---------------------------------------------------------------------------- */

typedef DWORD CLUSTER_PROPERTY_TYPE;
#define CLUSPROP_TYPE_ENDMARK 0
#define CLUSPROP_TYPE_LIST_VALUE 1
#define CLUSPROP_TYPE_RESCLASS 2
#define CLUSPROP_TYPE_RESERVED1 3
#define CLUSPROP_TYPE_NAME 4
#define CLUSPROP_TYPE_SIGNATURE 5
#define CLUSPROP_TYPE_SCSI_ADDRESS 6
#define CLUSPROP_TYPE_DISK_NUMBER 7
#define CLUSPROP_TYPE_PARTITION_INFO 8
#define CLUSPROP_TYPE_FTSET_INFO 9
#define CLUSPROP_TYPE_DISK_SERIALNUMBER 0xA
#define CLUSPROP_TYPE_DISK_GUID 0xB
#define CLUSPROP_TYPE_DISK_SIZE 0xC
#define CLUSPROP_TYPE_PARTITION_INFO_EX 0xD
#define CLUSPROP_TYPE_PARTITION_INFO_EX2 0xE
#define CLUSPROP_TYPE_STORAGE_DEVICE_ID_DESCRIPTOR 0xF
#define CLUSPROP_TYPE_USER 0x8000

/* ---- Syntaxes: type and format together -------------------------------------------------------------------- */

typedef DWORD CLUSTER_PROPERTY_SYNTAX;
#define CLUSPROP_SYNTAX_VALUE(type, format) (((DWORD)(type) << 16) | (DWORD)(format))
#define CLUSPROP_SYNTAX_ENDMARK 0x00000000
#define CLUSPROP_SYNTAX_LIST_VALUE_BINARY 0x00010001
#define CLUSPROP_SYNTAX_LIST_VALUE_DWORD 0x00010002
#define CLUSPROP_SYNTAX_LIST_VALUE_SZ 0x00010003
#define CLUSPROP_SYNTAX_LIST_VALUE_EXPAND_SZ 0x00010004
#define CLUSPROP_SYNTAX_LIST_VALUE_MULTI_SZ 0x00010005
#define CLUSPROP_SYNTAX_LIST_VALUE_ULARGE_INTEGER 0x00010006
#define CLUSPROP_SYNTAX_LIST_VALUE_LONG 0x00010007
#define CLUSPROP_SYNTAX_LIST_VALUE_EXPANDED_SZ 0x00010008
#define CLUSPROP_SYNTAX_LIST_VALUE_SECURITY_DESCRIPTOR 0x00010009
#define CLUSPROP_SYNTAX_LIST_VALUE_LARGE_INTEGER 0x0001000A
#define CLUSPROP_SYNTAX_LIST_VALUE_WORD 0x0001000B
#define CLUSPROP_SYNTAX_LIST_VALUE_FILETIME 0x0001000C
#define CLUSPROP_SYNTAX_LIST_VALUE_PROPERTY_LIST 0x0001000E
#define CLUSPROP_SYNTAX_RESCLASS 0x00020002
#define CLUSPROP_SYNTAX_NAME 0x00040003
#define CLUSPROP_SYNTAX_DISK_SIGNATURE 0x00050002
#define CLUSPROP_SYNTAX_SCSI_ADDRESS 0x00060002
#define CLUSPROP_SYNTAX_DISK_NUMBER 0x00070002
#define CLUSPROP_SYNTAX_PARTITION_INFO 0x00080001
#define CLUSPROP_SYNTAX_FTSET_INFO 0x00090001
#define CLUSPROP_SYNTAX_DISK_SERIALNUMBER 0x000A0003
#define CLUSPROP_SYNTAX_DISK_GUID 0x000B0003
#define CLUSPROP_SYNTAX_DISK_SIZE 0x000C0006
#define CLUSPROP_SYNTAX_PARTITION_INFO_EX 0x000D0001
#define CLUSPROP_SYNTAX_PARTITION_INFO_EX2 0x000E0001
#define CLUSPROP_SYNTAX_STORAGE_DEVICE_ID_DESCRIPTOR 0x000F0001

/* ---- Structures -------------------------------------------------------------------------------------------- */

/* Each is the beginning of an entry; the next entry begins at ALIGN_CLUSPROP of the length. Entries lie at multiples
 * of 4, so an 8-byte number may lie at an odd multiple of 4: hence the packing. */
#define ALIGN_CLUSPROP(length) (((length) + 3u) & ~3u)

#pragma pack(push, 4)

typedef union CLUSPROP_SYNTAX {
    DWORD dw;
    __extension__ struct {
        WORD wFormat;
        WORD wType;
    };
} CLUSPROP_SYNTAX, *PCLUSPROP_SYNTAX;

typedef struct CLUSPROP_VALUE {
    CLUSPROP_SYNTAX Syntax;
    DWORD cbLength;
} CLUSPROP_VALUE, *PCLUSPROP_VALUE;

#ifdef __cplusplus
/* In C++ the entry is derived from its head, in C it begins with it: Syntax and cbLength read the same in both. */
#define MAINSTAY_CLUSPROP_ENTRY(name, member)        \
    typedef struct name : public CLUSPROP_VALUE {     \
        member;                                       \
    } name, *P##name
#else
#define MAINSTAY_CLUSPROP_ENTRY(name, member)        \
    typedef struct name {                             \
        CLUSPROP_SYNTAX Syntax;                       \
        DWORD cbLength;                               \
        member;                                       \
    } name, *P##name
#endif

MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_BINARY, BYTE rgb[1]);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_WORD, WORD w);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_DWORD, DWORD dw);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_LONG, LONG l);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_SZ, CLUSPROP_WCHAR sz[1]);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_ULARGE_INTEGER, ULARGE_INTEGER li);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_LARGE_INTEGER, LARGE_INTEGER li);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_FILETIME, FILETIME ft);
MAINSTAY_CLUSPROP_ENTRY(CLUSPROP_RESOURCE_CLASS, DWORD rc);

typedef CLUSPROP_SZ CLUSPROP_MULTI_SZ, *PCLUSPROP_MULTI_SZ;
typedef CLUSPROP_SZ CLUSPROP_PROPERTY_NAME, *PCLUSPROP_PROPERTY_NAME;

typedef struct CLUSPROP_LIST {
    DWORD nPropertyCount;
    CLUSPROP_PROPERTY_NAME PropertyName;
} CLUSPROP_LIST, *PCLUSPROP_LIST;

#pragma pack(pop)

typedef union CLUSPROP_REQUIRED_DEPENDENCY {
    CLUSPROP_VALUE Value;
    CLUSPROP_RESOURCE_CLASS ResClass;
    CLUSPROP_SZ ResTypeName;
} CLUSPROP_REQUIRED_DEPENDENCY, *PCLUSPROP_REQUIRED_DEPENDENCY;

/* One pointer that walks over a list, whatever comes next. */
typedef union CLUSPROP_BUFFER_HELPER {
    BYTE *pb;
    WORD *pw;
    DWORD *pdw;
    LONG *pl;
    CLUSPROP_WCHAR *psz;
    PCLUSPROP_LIST pList;
    PCLUSPROP_SYNTAX pSyntax;
    PCLUSPROP_PROPERTY_NAME pName;
    PCLUSPROP_VALUE pValue;
    PCLUSPROP_BINARY pBinaryValue;
    PCLUSPROP_WORD pWordValue;
    PCLUSPROP_DWORD pDwordValue;
    PCLUSPROP_LONG pLongValue;
    PCLUSPROP_ULARGE_INTEGER pULargeIntegerValue;
    PCLUSPROP_LARGE_INTEGER pLargeIntegerValue;
    PCLUSPROP_SZ pStringValue;
    PCLUSPROP_MULTI_SZ pMultiSzValue;
    PCLUSPROP_RESOURCE_CLASS pResourceClassValue;
    PCLUSPROP_FILETIME pFileTimeValue;
    CLUSPROP_REQUIRED_DEPENDENCY *pRequiredDependencyValue;
} CLUSPROP_BUFFER_HELPER, *PCLUSPROP_BUFFER_HELPER;

#endif
