#ifdef __x86_64__
#define LANES 8

#include <string.h>

#include "ServingVariants.h"

#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#include "ServingKernels.h"
#pragma clang attribute pop

const nectar_serving_kernels nectar_serving_avx2 = SERVING_KERNELS;
#endif
