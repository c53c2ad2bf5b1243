#ifdef __x86_64__
#define LANES 16

#include <string.h>

#include "ServingVariants.h"

// Without the second attribute vectors of this size are cut in two.
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
#include "ServingKernels.h"
#pragma clang attribute pop

const nectar_serving_kernels nectar_serving_avx512 = SERVING_KERNELS;
#endif
