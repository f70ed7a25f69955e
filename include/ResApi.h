/* ResApi.h: the same header as resapi.h, under the name that some programs write. */
#include "resapi.h"
