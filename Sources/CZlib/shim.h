// zlib, for gzip-compressed dataset files.
#ifndef NECTAR_CZLIB_SHIM_H
#define NECTAR_CZLIB_SHIM_H

#include <zlib.h>

#endif
