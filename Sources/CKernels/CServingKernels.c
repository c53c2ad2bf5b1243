#include "CServingKernels.h"

#include <string.h>

// As in CKernels.c: one clone per instruction set, picked by the loader, and none under the thread sanitizer.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(UNDER_THREAD_SANITIZER)
#define MULTIVERSIONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSIONED
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// Eight lanes: one register with AVX, two without. Such values never cross a function by value, for a clone and what is
// inlined into it would disagree on how to pass them.
typedef float lanes __attribute__((ext_vector_type(8)));
typedef float unaligned_lanes __attribute__((ext_vector_type(8), aligned(4), may_alias));
#define LOAD(address) (*(const unaligned_lanes *)(address))
#define STORE(address, value) (*(unaligned_lanes *)(address) = (value))

enum { LANES = 8, TOWER_ROWS = NECTAR_TOWER_ROWS };

// out[j] = the sum of the lanes of x[j], each in the same order: (0 + 1) + (2 + 3), plus the same of the upper four.
INLINE void sum_lanes(const lanes *x, lanes *out) {
    lanes pairs[4], fours[2];
    UNROLL for (int j = 0; j < 4; j++)
        pairs[j] = __builtin_shufflevector(x[2 * j], x[2 * j + 1], 0, 2, 8, 10, 4, 6, 12, 14) +
                   __builtin_shufflevector(x[2 * j], x[2 * j + 1], 1, 3, 9, 11, 5, 7, 13, 15);
    UNROLL for (int j = 0; j < 2; j++)
        fours[j] = __builtin_shufflevector(pairs[2 * j], pairs[2 * j + 1], 0, 2, 8, 10, 4, 6, 12, 14) +
                   __builtin_shufflevector(pairs[2 * j], pairs[2 * j + 1], 1, 3, 9, 11, 5, 7, 13, 15);
    *out = __builtin_shufflevector(fours[0], fours[1], 0, 1, 2, 3, 8, 9, 10, 11) +
           __builtin_shufflevector(fours[0], fours[1], 4, 5, 6, 7, 12, 13, 14, 15);
}

// sums[j] = row j . user for eight rows that are `stride` apart; from row `count` on the last one is taken again. What a
// row gives does not depend on which rows stand beside it.
INLINE void dot_rows(int32_t n, int64_t stride, int32_t count, const float *rows, const float *user, lanes *sums) {
    lanes partial[LANES];
    const float *row[LANES];
    UNROLL for (int j = 0; j < LANES; j++) {
        partial[j] = 0;
        row[j] = rows + (j < count ? j : count - 1) * stride;
    }
    int32_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        const lanes x = LOAD(user + k);
        UNROLL for (int j = 0; j < LANES; j++) partial[j] += x * LOAD(row[j] + k);
    }
    sum_lanes(partial, sums);
    for (; k < n; k++) {
        UNROLL for (int j = 0; j < LANES; j++) (*sums)[j] += user[k] * row[j][k];
    }
}

// Stores the first `count` lanes, and keeps the greatest of them; NaN is never the greatest.
INLINE void store_some(int32_t count, const lanes *values, float *out, lanes *greatest) {
    if (count >= LANES) {
        STORE(out, *values);
        *greatest = *values > *greatest ? *values : *greatest;
        return;
    }
    for (int32_t j = 0; j < count; j++) {
        out[j] = (*values)[j];
        (*greatest)[j] = out[j] > (*greatest)[j] ? out[j] : (*greatest)[j];
    }
}

INLINE float greatest_lane(const lanes *x) {
    float greatest = (*x)[0];
    UNROLL for (int j = 1; j < LANES; j++) greatest = (*x)[j] > greatest ? (*x)[j] : greatest;
    return greatest;
}

MULTIVERSIONED
float nectar_score_gmf(int32_t count, int32_t n, const float *restrict rows, const float *restrict user,
                       const float *restrict bias, float constant, float *restrict scores) {
    lanes greatest = -__builtin_inff();
    for (int32_t i = 0; i < count; i += LANES) {
        const int32_t some = count - i < LANES ? count - i : LANES;
        lanes sums = 0, own = 0;
        if (n > 0) dot_rows(n, n, some, rows + (int64_t)i * n, user, &sums);
        if (some == LANES) own = LOAD(bias + i);
        else for (int32_t j = 0; j < some; j++) own[j] = bias[i + j];
        const lanes logits = (own + constant) + sums;
        store_some(some, &logits, scores + i, &greatest);
    }
    return greatest_lane(&greatest);
}

// out = max(0, bias + in . weights) for `height` rows and `8 * width` columns, in registers all along.
INLINE void dense_tile(int height, int width, const nectar_serving_layer *layer, int32_t stride, int32_t column,
                       const float *in, float *out) {
    lanes sum[12];
    UNROLL for (int r = 0; r < height; r++) {
        UNROLL for (int v = 0; v < width; v++) sum[r * width + v] = LOAD(layer->bias + column + v * LANES);
    }
    const float *weights = layer->weights + column;
    for (int32_t k = 0; k < layer->inputs; k++, weights += layer->outputs) {
        UNROLL for (int v = 0; v < width; v++) {
            const lanes w = LOAD(weights + v * LANES);
            UNROLL for (int r = 0; r < height; r++) sum[r * width + v] += in[r * stride + k] * w;
        }
    }
    UNROLL for (int r = 0; r < height; r++) {
        UNROLL for (int v = 0; v < width; v++) {
            const lanes x = sum[r * width + v];
            STORE(out + r * layer->outputs + column + v * LANES, x > 0 ? x : 0);
        }
    }
}

INLINE void dense(const nectar_serving_layer *layer, int32_t stride, const float *in, float *out) {
    int32_t column = 0;
    for (; column + 2 * LANES <= layer->outputs; column += 2 * LANES) {
        for (int32_t r = 0; r < TOWER_ROWS; r += 6)
            dense_tile(6, 2, layer, stride, column, in + r * stride, out + r * layer->outputs);
    }
    if (column < layer->outputs) {
        for (int32_t r = 0; r < TOWER_ROWS; r += 12)
            dense_tile(12, 1, layer, stride, column, in + r * stride, out + r * layer->outputs);
    }
}

MULTIVERSIONED
float nectar_add_tower(int32_t count, int32_t half, const float *restrict halves, const float *restrict shift,
                       int32_t layer_count, const nectar_serving_layer *restrict layers,
                       const float *restrict output_weights, float *restrict scratch, float *restrict scores) {
    lanes greatest = -__builtin_inff();
    const int32_t padded = (half + LANES - 1) / LANES * LANES;
    for (int32_t start = 0; start < count; start += TOWER_ROWS) {
        const int32_t rows = count - start < TOWER_ROWS ? count - start : TOWER_ROWS;
        for (int32_t r = 0; r < TOWER_ROWS; r++) {
            const float *own = halves + (int64_t)(start + (r < rows ? r : rows - 1)) * half;
            float *out = scratch + r * padded;
            int32_t k = 0;
            for (; k < half; k++) {
                const float sum = own[k] + shift[k];
                out[k] = sum > 0 ? sum : 0;
            }
            for (; k < padded; k++) out[k] = 0;
        }
        float *in = scratch;
        int32_t stride = padded;
        for (int32_t l = 0; l < layer_count; l++) {
            float *out = in + TOWER_ROWS * stride;
            dense(&layers[l], stride, in, out);
            in = out;
            stride = layers[l].outputs;
        }
        for (int32_t r = 0; r < rows; r += LANES) {
            const int32_t some = rows - r < LANES ? rows - r : LANES;
            lanes sums, logits = 0;
            dot_rows(stride, stride, some, in + r * stride, output_weights, &sums);
            if (some == LANES) logits = LOAD(scores + start + r);
            else for (int32_t j = 0; j < some; j++) logits[j] = scores[start + r + j];
            logits += sums;
            store_some(some, &logits, scores + start + r, &greatest);
        }
    }
    return greatest_lane(&greatest);
}

MULTIVERSIONED
void nectar_user_half(int32_t inputs, int32_t outputs, const float *restrict weights, const float *restrict bias,
                      const float *restrict user, float *restrict out) {
    memcpy(out, bias, sizeof(float) * (size_t)outputs);
    for (int32_t k = 0; k < inputs; k++)
        for (int32_t j = 0; j < outputs; j++) out[j] += user[k] * weights[(int64_t)k * outputs + j];
}

MULTIVERSIONED
float nectar_cosines(int32_t count, int32_t n, const float *restrict rows, const float *restrict own,
                     const float *restrict weights, float norm, float *restrict cosines) {
    lanes greatest = -__builtin_inff();
    for (int32_t i = 0; i < count; i++) {
        const float *row = rows + (int64_t)i * n;
        lanes both[LANES], sums;
        UNROLL for (int j = 0; j < LANES; j++) both[j] = 0;
        int32_t k = 0;
        for (; k + LANES <= n; k += LANES) {
            const lanes x = LOAD(row + k);
            both[0] += LOAD(own + k) * x;
            both[1] += LOAD(weights + k) * x * x;
        }
        sum_lanes(both, &sums);
        float product = sums[0], square = sums[1];
        for (; k < n; k++) {
            product += own[k] * row[k];
            square += weights[k] * row[k] * row[k];
        }
        const float norms = norm * __builtin_elementwise_sqrt(square);
        // A row without a direction resembles nothing.
        cosines[i] = norms > 0 ? product / norms : -__builtin_inff();
        greatest[0] = cosines[i] > greatest[0] ? cosines[i] : greatest[0];
    }
    return greatest[0];
}

MULTIVERSIONED
void nectar_add_weighted_gram(int32_t count, int32_t n, const float *restrict rows, const float *restrict weights,
                              float *restrict matrix) {
    // Four samples at a time, so that an element of the matrix is loaded and stored once for four products.
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const float *a = rows + (int64_t)i * n, *b = a + n, *c = b + n, *d = c + n;
        for (int32_t r = 0; r < n; r++) {
            const float wa = weights[i] * a[r], wb = weights[i + 1] * b[r], wc = weights[i + 2] * c[r],
                        wd = weights[i + 3] * d[r];
            float *out = matrix + (int64_t)r * n;
            for (int32_t k = r; k < n; k++) out[k] += (wa * a[k] + wb * b[k]) + (wc * c[k] + wd * d[k]);
        }
    }
    for (; i < count; i++) {
        const float *a = rows + (int64_t)i * n;
        for (int32_t r = 0; r < n; r++) {
            const float wa = weights[i] * a[r];
            float *out = matrix + (int64_t)r * n;
            for (int32_t k = r; k < n; k++) out[k] += wa * a[k];
        }
    }
}

MULTIVERSIONED
int32_t nectar_cholesky(int32_t n, float *restrict matrix) {
    for (int32_t p = 0; p < n; p++) {
        float *pivot = matrix + (int64_t)p * n;
        const float diagonal = pivot[p];
        if (!(diagonal > 0) || diagonal > 3.0e38f) return 0;
        const float scale = 1 / __builtin_elementwise_sqrt(diagonal);
        for (int32_t k = p; k < n; k++) pivot[k] *= scale;
        for (int32_t r = p + 1; r < n; r++) {
            float *row = matrix + (int64_t)r * n;
            const float factor = pivot[r];
            for (int32_t k = r; k < n; k++) row[k] -= factor * pivot[k];
        }
    }
    return 1;
}
