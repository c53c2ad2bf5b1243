// CBLAS and OpenBLAS's own controls (thread count, core name).
#ifndef NECTAR_COPENBLAS_SHIM_H
#define NECTAR_COPENBLAS_SHIM_H

#include <cblas.h>

#endif
