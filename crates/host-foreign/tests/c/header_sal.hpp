// A vendor's header that uses the words itself, below the top level of inclusion.
#include <windows.h>
DWORD Measure(__in LPCWSTR text, __out DWORD *length, __in_opt void *unused, _In_ int first, _Out_opt_ int *second);
