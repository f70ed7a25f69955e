/* ClusAPI.h: the same header as clusapi.h, under the name that some programs write. */
#include "clusapi.h"
