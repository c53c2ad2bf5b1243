#include "CServingKernels.h"

#include <stddef.h>

#include "ServingVariants.h"

const nectar_serving_kernels *nectar_serving_kernels_for(int32_t instruction_set) {
    switch (instruction_set) {
    case 0: return &nectar_serving_baseline;
#ifdef __x86_64__
    case 1: return __builtin_cpu_supports("x86-64-v3") ? &nectar_serving_avx2 : NULL;
    case 2: return __builtin_cpu_supports("x86-64-v4") ? &nectar_serving_avx512 : NULL;
#endif
    default: return NULL;
    }
}

const nectar_serving_kernels *nectar_serving_kernels_of_this_machine(void) {
    const nectar_serving_kernels *best = &nectar_serving_baseline;
    for (int32_t set = 1; set <= 2; set++) {
        const nectar_serving_kernels *kernels = nectar_serving_kernels_for(set);
        if (kernels != NULL) best = kernels;
    }
    return best;
}
