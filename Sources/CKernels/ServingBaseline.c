// Whatever the compiler may use by itself: SSE2 on x86-64, NEON on arm64.
#define LANES 4

#include <string.h>

#include "ServingVariants.h"

#include "ServingKernels.h"

const nectar_serving_kernels nectar_serving_baseline = SERVING_KERNELS;
