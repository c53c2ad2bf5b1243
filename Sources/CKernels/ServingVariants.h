// The tables that the files for the instruction sets define. A file that defines one sets LANES, how many floats a vector
// of that set holds, includes this and then the kernels, which are static.
#ifndef NECTAR_SERVINGVARIANTS_H
#define NECTAR_SERVINGVARIANTS_H

#include "CServingKernels.h"

extern const nectar_serving_kernels nectar_serving_baseline;
#ifdef __x86_64__
extern const nectar_serving_kernels nectar_serving_avx2;
extern const nectar_serving_kernels nectar_serving_avx512;
#endif

#endif
