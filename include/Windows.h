/* Windows.h: the same header as windows.h, under the name that some programs write. */
#include "windows.h"
