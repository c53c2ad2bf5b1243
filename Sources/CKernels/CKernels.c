#include "CKernels.h"

#include <math.h>
#include <string.h>

// One clone per instruction set, picked by the loader. Where the loader cannot, or on other processors (whose baseline
// has vectors of its own), the plain one is all there is. So it is under the thread sanitizer, which instruments the
// function that picks, and is not there yet when the loader calls it: the program would end before it begins.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(UNDER_THREAD_SANITIZER)
// Without the last one vectors of 512 bits are cut in two.
#define MULTIVERSIONED \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), min_vector_width(512)))
#else
#define MULTIVERSIONED
#endif

// Inlined into every clone, so that it is compiled for the clone's instruction set.
#define INLINE static inline __attribute__((always_inline))

// Wide vectors, of which the compiler makes several where the clone's processor has none as wide.
typedef float sixteen __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef float eight __attribute__((ext_vector_type(8), aligned(4), may_alias));

#define AT(type, address) (*(type *)(address))

// Does `body(type, k)` for the columns k of n, many at a time: columns on the outside keep their sums in registers, and short
// rows need no remainders.
#define EACH_COLUMN(n, body)                                                                                          \
    {                                                                                                                 \
        int32_t k = 0;                                                                                                \
        for (; k + 16 <= (n); k += 16) body(sixteen, k);                                                              \
        for (; k + 8 <= (n); k += 8) body(eight, k);                                                                  \
        for (; k < (n); k++) body(float, k);                                                                          \
    }

// sqrtf may set errno, which keeps a loop from being vectorised; the compiler's own operation does not.
#define square_root(x) __builtin_elementwise_sqrt(x)

INLINE float dot(int32_t n, const float *restrict x, const float *restrict y) {
#pragma clang fp reassociate(on)
    float sum = 0;
    for (int32_t k = 0; k < n; k++) sum += x[k] * y[k];
    return sum;
}

// The row that the user of group g is to be less by its weight; null for none.
INLINE const float *left_out_row(nectar_left_out left_out, int32_t stride, int32_t g, int32_t item) {
    return left_out.rows && left_out.weights[g] != 0 ? left_out.rows + (int64_t)item * stride : NULL;
}

// Asks for the rows of a group, which lie anywhere.
INLINE void prefetch_group(nectar_row_layout layout, int32_t g, int32_t per, const float *user_rows,
                           const float *item_rows, const int32_t *users, const int32_t *items) {
    const int64_t bytes = (int64_t)sizeof(float) * layout.stride;
    nectar_prefetch(user_rows + (int64_t)users[g] * layout.stride, bytes);
    for (int32_t j = 0; j < per; j++) nectar_prefetch(item_rows + (int64_t)items[g * per + j] * layout.stride, bytes);
}

MULTIVERSIONED
void nectar_gmf_forward(nectar_row_layout layout, int32_t groups, int32_t per, const float *restrict user_rows,
                        const float *restrict item_rows, const int32_t *restrict users, const int32_t *restrict items,
                        nectar_left_out left_out, const float *restrict output_weights, float global,
                        float *restrict user_copies, float *restrict logits, float *restrict scratch) {
    enum { AHEAD = 3 };
    const int32_t d = layout.gmf, bias = layout.gmf + layout.mlp;
    for (int32_t g = 0; g < AHEAD && g < groups; g++)
        prefetch_group(layout, g, per, user_rows, item_rows, users, items);
    for (int32_t g = 0; g < groups; g++) {
        const float *user = user_rows + (int64_t)users[g] * layout.stride;
        float *copy = user_copies + (int64_t)g * d;
        if (g + AHEAD < groups) prefetch_group(layout, g + AHEAD, per, user_rows, item_rows, users, items);
        float user_bias = user[bias];
        for (int32_t k = 0; k < d; k++) copy[k] = user[k];
        const float *left = left_out_row(left_out, layout.stride, g, items[g * per]);
        if (left) {
            const float weight = left_out.weights[g];
            for (int32_t k = 0; k < d; k++) copy[k] -= weight * left[k];
            user_bias -= weight * left[bias];
        }
        for (int32_t k = 0; k < d; k++) scratch[k] = copy[k] * output_weights[k];
        for (int32_t j = 0; j < per; j++) {
            const float *item = item_rows + (int64_t)items[g * per + j] * layout.stride;
            logits[g * per + j] = dot(d, scratch, item) + user_bias + item[bias] + global;
        }
    }
}

MULTIVERSIONED
void nectar_gmf_backward(nectar_row_layout layout, int32_t groups, int32_t per, const float *restrict item_rows,
                         const int32_t *restrict items, const float *restrict output_weights,
                         const float *restrict user_copies, const float *restrict deltas,
                         float *restrict user_gradients, float *restrict output_gradient) {
    const int32_t d = layout.gmf, bias = layout.gmf + layout.mlp;
    for (int32_t g = 0; g < groups; g++) {
        float *gradient = user_gradients + (int64_t)g * layout.stride;
        const float *copy = user_copies + (int64_t)g * d;
        const int32_t *own = items + (int64_t)g * per;
        const float *own_deltas = deltas + (int64_t)g * per;
        float delta_sum = 0;
        for (int32_t j = 0; j < per; j++) delta_sum += own_deltas[j];
#define GMF_BACKWARD(type, k)                                                                                         \
    {                                                                                                                 \
        type sum = 0;                                                                                                 \
        for (int32_t j = 0; j < per; j++)                                                                             \
            sum += own_deltas[j] * AT(const type, item_rows + (int64_t)own[j] * layout.stride + k);                   \
        AT(type, gradient + k) = AT(const type, output_weights + k) * sum;                                            \
        AT(type, output_gradient + k) += AT(const type, copy + k) * sum;                                              \
    }
        EACH_COLUMN(d, GMF_BACKWARD)
        gradient[bias] = delta_sum;
        for (int32_t k = bias + 1; k < layout.stride; k++) gradient[k] = 0;
    }
}

INLINE void copy(int32_t n, const float *restrict from, float *restrict to) {
#define COPY(type, k) AT(type, to + k) = AT(const type, from + k)
    EACH_COLUMN(n, COPY)
}

// Not a call of the library's for some tens of bytes each.
#define WITHOUT_MEMCPY __attribute__((no_builtin("memcpy", "memmove")))

MULTIVERSIONED WITHOUT_MEMCPY
void nectar_gather_mlp(nectar_row_layout layout, int32_t count, const float *restrict rows,
                       const int32_t *restrict indices, float *restrict out) {
    const int32_t m = layout.mlp;
    for (int32_t i = 0; i < count; i++)
        copy(m, rows + (int64_t)indices[i] * layout.stride + layout.gmf, out + (int64_t)i * m);
}

MULTIVERSIONED WITHOUT_MEMCPY
void nectar_gather_user_mlp(nectar_row_layout layout, int32_t groups, int32_t per, const float *restrict user_rows,
                            const int32_t *restrict users, const int32_t *restrict items, nectar_left_out left_out,
                            float *restrict out) {
    const int32_t m = layout.mlp;
    for (int32_t g = 0; g < groups; g++) {
        float *row = out + (int64_t)g * m;
        copy(m, user_rows + (int64_t)users[g] * layout.stride + layout.gmf, row);
        const float *left = left_out_row(left_out, layout.stride, g, items[g * per]);
        if (!left) continue;
        const float weight = left_out.weights[g];
        for (int32_t k = 0; k < m; k++) row[k] -= weight * left[layout.gmf + k];
    }
}

MULTIVERSIONED
void nectar_bias_relu(int32_t groups, int32_t per, int32_t n, const float *restrict per_group,
                      const float *restrict bias, float *restrict x) {
#define BIAS_RELU(type, k)                                                                                            \
    {                                                                                                                 \
        const type common = AT(const type, bias + k);                                                                 \
        for (int32_t g = 0; g < groups; g++) {                                                                        \
            const type added = per_group ? common + AT(const type, per_group + (int64_t)g * n + k) : common;          \
            for (int32_t j = 0; j < per; j++) {                                                                       \
                float *place = x + (int64_t)(g * per + j) * n + k;                                                    \
                const type sum = AT(type, place) + added;                                                             \
                AT(type, place) = sum > 0 ? sum : 0;                                                                  \
            }                                                                                                         \
        }                                                                                                             \
    }
    EACH_COLUMN(n, BIAS_RELU)
}

// Eight rows of eight become its columns: pairs of rows are interleaved, then pairs of pairs, then halves.
INLINE void transpose_eight(const float *from, int64_t from_stride, float *to, int64_t to_stride) {
    eight rows[8], pairs[8], fours[8];
    for (int i = 0; i < 8; i++) rows[i] = AT(const eight, from + i * from_stride);
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            fours[i + 2 * j] = __builtin_shufflevector(pairs[i + j], pairs[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            fours[i + 2 * j + 1] = __builtin_shufflevector(pairs[i + j], pairs[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (int i = 0; i < 4; i++) {
        AT(eight, to + i * to_stride) = __builtin_shufflevector(fours[i], fours[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        AT(eight, to + (i + 4) * to_stride)
            = __builtin_shufflevector(fours[i], fours[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

MULTIVERSIONED
void nectar_transpose(int32_t rows, int32_t columns, const float *restrict from, float *restrict to) {
    const int32_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
    // By strips of a cache line's columns, so that what is written stays near.
    for (int32_t first = 0; first < whole_columns; first += 16) {
        const int32_t end = whole_columns - first < 16 ? whole_columns : first + 16;
        for (int32_t i = 0; i < whole_rows; i += 8)
            for (int32_t j = first; j < end; j += 8)
                transpose_eight(from + (int64_t)i * columns + j, columns, to + (int64_t)j * rows + i, rows);
    }
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = i < whole_rows ? whole_columns : 0; j < columns; j++)
            to[(int64_t)j * rows + i] = from[(int64_t)i * columns + j];
}

// Two rounds of multiply and shift (the constants are lowbias32's), a half of the key added before each: a hash of 32 bits is
// what the vectors of all instruction sets can compute.
MULTIVERSIONED
void nectar_dropout(int32_t n, uint64_t key, uint32_t threshold, float scale, float *restrict x) {
    const uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
    for (int32_t k = 0; k < n; k++) {
        uint32_t hash = (uint32_t)k + low;
        hash ^= hash >> 16;
        hash *= 0x7feb352dU;
        hash += high;
        hash ^= hash >> 15;
        hash *= 0x846ca68bU;
        hash ^= hash >> 16;
        x[k] = hash < threshold ? 0 : x[k] * scale;
    }
}

MULTIVERSIONED
void nectar_scale(int32_t n, float factor, float *restrict x) {
    for (int32_t k = 0; k < n; k++) x[k] *= factor;
}

MULTIVERSIONED
void nectar_tower_output(int32_t count, int32_t n, const float *restrict activations, const float *restrict weights,
                         float *restrict logits) {
    for (int32_t s = 0; s < count; s++) logits[s] += dot(n, activations + (int64_t)s * n, weights);
}

MULTIVERSIONED
void nectar_tower_output_backward(int32_t count, int32_t n, const float *restrict activations,
                                  const float *restrict weights, const float *restrict deltas,
                                  float *restrict gradient, float *restrict weight_gradient,
                                  float *restrict bias_gradient) {
#define OUTPUT_BACKWARD(type, k)                                                                                      \
    {                                                                                                                 \
        type weight_sum = AT(type, weight_gradient + k), bias_sum = AT(type, bias_gradient + k);                      \
        const type weight = AT(const type, weights + k);                                                              \
        for (int32_t s = 0; s < count; s++) {                                                                         \
            const type own = AT(const type, activations + (int64_t)s * n + k);                                        \
            const type passed = own > 0 ? deltas[s] * weight : 0;                                                     \
            AT(type, gradient + (int64_t)s * n + k) = passed;                                                         \
            weight_sum += deltas[s] * own;                                                                            \
            bias_sum += passed;                                                                                       \
        }                                                                                                             \
        AT(type, weight_gradient + k) = weight_sum;                                                                   \
        AT(type, bias_gradient + k) = bias_sum;                                                                       \
    }
    EACH_COLUMN(n, OUTPUT_BACKWARD)
}

MULTIVERSIONED
void nectar_relu_backward(int32_t count, int32_t n, const float *restrict activations, float *restrict gradient,
                          float *restrict bias_gradient) {
#define RELU_BACKWARD(type, k)                                                                                        \
    {                                                                                                                 \
        type sum = AT(type, bias_gradient + k);                                                                       \
        for (int32_t s = 0; s < count; s++) {                                                                         \
            float *out = gradient + (int64_t)s * n + k;                                                               \
            const type passed = AT(const type, activations + (int64_t)s * n + k) > 0 ? AT(type, out) : 0;             \
            AT(type, out) = passed;                                                                                   \
            sum += passed;                                                                                            \
        }                                                                                                             \
        AT(type, bias_gradient + k) = sum;                                                                            \
    }
    EACH_COLUMN(n, RELU_BACKWARD)
}

MULTIVERSIONED
void nectar_sum_groups(int32_t groups, int32_t per, int32_t n, const float *restrict in, float *restrict out) {
    for (int32_t g = 0; g < groups; g++) {
        float *sum = out + (int64_t)g * n;
        const float *first = in + (int64_t)g * per * n;
#define SUM_GROUP(type, k)                                                                                            \
    {                                                                                                                 \
        type total = AT(const type, first + k);                                                                       \
        for (int32_t j = 1; j < per; j++) total += AT(const type, first + (int64_t)j * n + k);                        \
        AT(type, sum + k) = total;                                                                                    \
    }
        EACH_COLUMN(n, SUM_GROUP)
    }
}

// e^x for x <= 0, relative error below 3e-7: x = n ln 2 + r, a Taylor polynomial in r, 2^n by its bit pattern.
INLINE float exp_nonpositive(float x) {
    x = x < -87.0f ? -87.0f : x;
    // Adding and subtracting 1.5 * 2^23 rounds to an integer without a library call.
    const float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const int32_t bits = ((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

// log(1 + e) for e in [0, 1] as 2 artanh(e / (2 + e)), absolute error below 1e-7.
INLINE float log1p_unit(float e) {
    const float t = e / (2 + e), t2 = t * t;
    float p = 1.0f / 13;
    p = p * t2 + 1.0f / 11;
    p = p * t2 + 1.0f / 9;
    p = p * t2 + 1.0f / 7;
    p = p * t2 + 1.0f / 5;
    p = p * t2 + 1.0f / 3;
    p = p * t2 + 1.0f;
    return 2 * t * p;
}

MULTIVERSIONED
double nectar_cross_entropy(int32_t count, const float *restrict logits, const float *restrict targets,
                            const float *restrict weights, float scale, float *restrict deltas) {
    double total = 0;
    // Sums of at most 256 terms in single precision, then double; the lanes are independent, so that it vectorises.
    for (int32_t start = 0; start < count; start += 256) {
        const int32_t end = count - start < 256 ? count : start + 256;
        float losses[256];
        for (int32_t s = start; s < end; s++) {
            const float z = logits[s], y = targets[s];
            const float e = exp_nonpositive(z < 0 ? z : -z);
            const float positive = z > 0 ? z : 0;
            const float sigmoid = (z > 0 ? 1.0f : e) / (1.0f + e);
            losses[s - start] = weights[s] * (positive - y * z + log1p_unit(e));
            deltas[s] = scale * weights[s] * (sigmoid - y);
        }
        for (int32_t s = 0; s < end - start; s++) total += losses[s];
    }
    return total;
}

MULTIVERSIONED
double nectar_pairwise_ranking(int32_t groups, int32_t per, const float *restrict logits,
                               const float *restrict weights, float scale, float *restrict deltas) {
    double total = 0;
    for (int32_t g = 0; g < groups; g++) {
        const float *z = logits + (int64_t)g * per, *v = weights + (int64_t)g * per;
        float *d = deltas + (int64_t)g * per;
        float loss = 0, pulled = 0;
        for (int32_t j = 1; j < per; j++) {
            const float x = z[j] - z[0];
            const float e = exp_nonpositive(x < 0 ? x : -x);
            loss += v[j] * ((x > 0 ? x : 0) + log1p_unit(e));
            d[j] = scale * v[0] * v[j] * ((x > 0 ? 1.0f : e) / (1.0f + e));
            pulled += d[j];
        }
        d[0] = -pulled;
        total += (double)(v[0] * loss);
    }
    return total;
}

MULTIVERSIONED
double nectar_sampled_softmax(int32_t groups, int32_t per, const float *restrict logits,
                              const float *restrict weights, float scale, float *restrict deltas) {
    double total = 0;
    for (int32_t g = 0; g < groups; g++) {
        const float *z = logits + (int64_t)g * per, *v = weights + (int64_t)g * per;
        float *d = deltas + (int64_t)g * per;
        float greatest = z[0];
        for (int32_t j = 1; j < per; j++) greatest = z[j] > greatest ? z[j] : greatest;
        d[0] = exp_nonpositive(z[0] - greatest);
        float sum = d[0];
        for (int32_t j = 1; j < per; j++) {
            d[j] = v[j] * exp_nonpositive(z[j] - greatest);
            sum += d[j];
        }
        // The positive's share is never 0 (exp_nonpositive stops at e^-87), but the loss is exact for any distance.
        total += (double)v[0] * ((double)(greatest - z[0]) + log((double)sum));
        const float factor = scale * v[0] / sum;
        float pulled = 0;
        for (int32_t j = 1; j < per; j++) {
            d[j] *= factor;
            pulled += d[j];
        }
        d[0] = -pulled;
    }
    return total;
}

MULTIVERSIONED
double nectar_cosine_contrast(int32_t groups, int32_t per, const float *restrict logits, const float *restrict weights,
                              float margin, float weight, float scale, float *restrict deltas) {
    const float share = per > 1 ? weight / (float)(per - 1) : 0;
    double total = 0;
    for (int32_t g = 0; g < groups; g++) {
        const float *z = logits + (int64_t)g * per, *v = weights + (int64_t)g * per;
        float *d = deltas + (int64_t)g * per;
        const float pull = scale * v[0];
        float loss = 0;
        for (int32_t j = 1; j < per; j++) {
            const float over = z[j] - margin;
            loss += over > 0 ? v[j] * over : 0;
            d[j] = over > 0 ? pull * share * v[j] : 0;
        }
        d[0] = -pull;
        total += (double)(v[0] * ((1 - z[0]) + share * loss));
    }
    return total;
}

MULTIVERSIONED
int32_t nectar_tangent(int32_t stride, int32_t d, const float *restrict row, float *restrict gradient) {
    const int32_t is_any = dot(d, gradient, gradient) > 0;
    const float along = dot(d, row, gradient);
    for (int32_t k = 0; k < d; k++) gradient[k] -= along * row[k];
    for (int32_t k = d; k < stride; k++) gradient[k] = 0;
    return is_any;
}

MULTIVERSIONED
void nectar_normalize(int32_t d, float *row) {
    const float square = dot(d, row, row);
    if (!(square > 0)) return;
    const float factor = 1 / square_root(square);
    for (int32_t k = 0; k < d; k++) row[k] *= factor;
}

MULTIVERSIONED
double nectar_squared_error(int32_t count, const float *restrict predictions, const float *restrict targets,
                            const float *restrict weights, float scale, float *restrict deltas) {
    double total = 0;
    for (int32_t s = 0; s < count; s++) {
        const float error = predictions[s] - targets[s];
        total += (double)(weights[s] * error * error);
        deltas[s] = 2 * scale * weights[s] * error;
    }
    return total;
}

// Which group a sample belongs to: the integer below (sample + 1/2) / per, given 1 / per, whose rounding is far from reaching
// the next one. An integer division takes ten times as long.
INLINE int32_t group_of(int32_t sample, double share) { return (int32_t)(((double)sample + 0.5) * share); }

// Asks for the rows of `n` floats of the samples' groups, which another thread may have written, early enough for them to come.
INLINE void prefetch_rows(int32_t n, const float *rows, const int32_t *samples, int32_t count, double share) {
    enum { MOST = 8 };
    for (int32_t i = 0; i < count && i < MOST; i++)
        nectar_prefetch(rows + (int64_t)group_of(samples[i], share) * n, (int64_t)sizeof(float) * n);
}

// What of a batch touches the row in a slot.
typedef struct {
    const int32_t *samples;
    int32_t count;
} occurrences;

INLINE occurrences occurrences_of(nectar_row_groups groups, int32_t slot) {
    const int32_t begin = groups.ends[slot - 1];
    return (occurrences){groups.samples + begin, groups.ends[slot] - begin};
}

MULTIVERSIONED
void nectar_item_gradients(nectar_row_layout layout, nectar_row_groups groups, int32_t first, int32_t end, int32_t per,
                           const float *restrict output_weights, const float *restrict user_copies,
                           const float *restrict mlp_gradients, const float *restrict deltas,
                           float *restrict gradients) {
    enum { AHEAD = 6 };
    const int32_t d = layout.gmf, m = layout.mlp;
    const double share = 1.0 / per;
    for (int32_t slot = first - AHEAD; slot < end; slot++) {
        if (slot + AHEAD < end) {
            const occurrences later = occurrences_of(groups, slot + AHEAD);
            prefetch_rows(m, mlp_gradients, later.samples, later.count, 1);
            prefetch_rows(d, user_copies, later.samples, later.count, share);
        }
        if (slot < first) continue;
        const occurrences own = occurrences_of(groups, slot);
        float *gradient = gradients + (int64_t)(slot - first) * layout.stride;
#define ITEM_GMF(type, k)                                                                                             \
    {                                                                                                                 \
        type sum = 0;                                                                                                 \
        for (int32_t i = 0; i < own.count; i++)                                                                       \
            sum += deltas[own.samples[i]]                                                                             \
                   * AT(const type, user_copies + (int64_t)group_of(own.samples[i], share) * d + k);                  \
        AT(type, gradient + k) = AT(const type, output_weights + k) * sum;                                            \
    }
        EACH_COLUMN(d, ITEM_GMF)
#define ITEM_MLP(type, k)                                                                                             \
    {                                                                                                                 \
        type sum = 0;                                                                                                 \
        for (int32_t i = 0; i < own.count; i++) sum += AT(const type, mlp_gradients + (int64_t)own.samples[i] * m + k); \
        AT(type, gradient + d + k) = sum;                                                                             \
    }
        EACH_COLUMN(m, ITEM_MLP)
        float delta_sum = 0;
        for (int32_t i = 0; i < own.count; i++) delta_sum += deltas[own.samples[i]];
        gradient[d + m] = delta_sum;
        for (int32_t k = d + m + 1; k < layout.stride; k++) gradient[k] = 0;
    }
}

MULTIVERSIONED
void nectar_user_gradients(int32_t stride, nectar_row_groups groups, int32_t first, int32_t end,
                           const float *restrict user_gradients, float *restrict gradients) {
    enum { AHEAD = 6 };
    for (int32_t slot = first - AHEAD; slot < end; slot++) {
        if (slot + AHEAD < end) {
            const occurrences later = occurrences_of(groups, slot + AHEAD);
            prefetch_rows(stride, user_gradients, later.samples, later.count, 1);
        }
        if (slot < first) continue;
        const occurrences own = occurrences_of(groups, slot);
        float *gradient = gradients + (int64_t)(slot - first) * stride;
#define USER_SUM(type, k)                                                                                             \
    {                                                                                                                 \
        type sum = 0;                                                                                                 \
        for (int32_t i = 0; i < own.count; i++)                                                                       \
            sum += AT(const type, user_gradients + (int64_t)own.samples[i] * stride + k);                             \
        AT(type, gradient + k) = sum;                                                                                 \
    }
        EACH_COLUMN(stride, USER_SUM)
    }
}

MULTIVERSIONED
void nectar_left_out_gradient(int32_t stride, int32_t occurrences, const int32_t *restrict samples, int32_t per,
                              const float *restrict weights, const float *restrict user_gradients,
                              float *restrict gradient) {
    for (int32_t i = 0; i < occurrences; i++) {
        const int32_t g = samples[i] / per;
        if (samples[i] % per != 0 || weights[g] == 0) continue;
        const float *own = user_gradients + (int64_t)g * stride;
        for (int32_t k = 0; k < stride; k++) gradient[k] -= weights[g] * own[k];
    }
}

void nectar_add_at(float *row, float value, const int32_t *columns, int32_t count) {
    for (int32_t i = 0; i < count; i++) row[columns[i]] += value;
}

void nectar_add_scaled_at(float *row, float value, const int32_t *columns, const float *factors, int32_t count) {
    for (int32_t i = 0; i < count; i++) row[columns[i]] += value * factors[i];
}

MULTIVERSIONED
void nectar_add_rows(int32_t stride, int32_t count, const int32_t *restrict indices, const float *restrict weights,
                     const float *restrict rows, float *restrict sum) {
    for (int32_t i = 0; i < count; i++) {
        if (i + 2 < count)
            nectar_prefetch(rows + (int64_t)indices[i + 2] * stride, (int64_t)sizeof(float) * stride);
        const float *row = rows + (int64_t)indices[i] * stride;
        const float weight = weights[i];
        for (int32_t k = 0; k < stride; k++) sum[k] += weight * row[k];
    }
}

// A line of integers, and what is true of each.
typedef int32_t gap_line __attribute__((ext_vector_type(NECTAR_GAPS_OF_LINE), aligned(4), may_alias));
typedef _Bool line_truths __attribute__((ext_vector_type(NECTAR_GAPS_OF_LINE)));

// How many of the places `first` ..< `end` of a line hold at most `limit`; all of the line is read.
INLINE int32_t count_in_line(const int32_t *from, int32_t first, int32_t end, int32_t limit) {
    const gap_line counted = AT(const gap_line, from) <= limit;
    const line_truths truths = __builtin_convertvector(counted, line_truths);
    uint16_t bits;
    memcpy(&bits, &truths, sizeof bits);
    const uint32_t places = end < NECTAR_GAPS_OF_LINE ? (1U << end) - 1 : (1U << NECTAR_GAPS_OF_LINE) - 1;
    return __builtin_popcount(bits & places & ~((1U << first) - 1));
}

// How many of the `count` ascending fences are at most `limit`: as nectar_count_at_most, but the last lines are counted, whose
// reads do not wait for each other.
INLINE int64_t count_fences(const int32_t *fences, int64_t count, int32_t limit) {
    const int32_t *start = fences;
    while (count > 4 * NECTAR_GAPS_OF_LINE) {
        const int64_t half = count / 2;
        start += start[half - 1] <= limit ? half : 0;
        count -= half;
    }
    int64_t below = start - fences;
    for (int64_t i = 0; i < count; i += NECTAR_GAPS_OF_LINE)
        below += count_in_line(start + i, 0, (int32_t)(count - i), limit);
    return below;
}

MULTIVERSIONED
void nectar_resolve_ranks(int32_t groups, int32_t per, const int32_t *restrict users, const intptr_t *restrict offsets,
                          const int32_t *restrict gaps, const int32_t *restrict fences, int32_t *restrict items) {
    enum { LINE = NECTAR_GAPS_OF_LINE, TOGETHER = 64 };
    const int64_t samples = (int64_t)groups * per;
    // First the lines, which are asked for, then the places in them.
    int64_t lines[TOGETHER];
    for (int64_t start = 0; start < samples; start += TOGETHER) {
        const int64_t end = samples - start < TOGETHER ? samples : start + TOGETHER;
        int64_t g = start / per, j = start % per;
        for (int64_t s = start; s < end; s++) {
            if (j > 0) {
                const intptr_t begin = offsets[users[g]] / LINE, count = offsets[users[g] + 1] / LINE - begin;
                const int64_t line = begin + count_fences(fences + begin, count, items[s]);
                lines[s - start] = line;
                __builtin_prefetch(gaps + line * LINE);
            }
            if (++j == per) j = 0, g++;
        }
        g = start / per, j = start % per;
        for (int64_t s = start; s < end; s++) {
            if (j > 0) {
                const int64_t line = lines[s - start] * LINE;
                const int64_t begin = offsets[users[g]] - line, stop = offsets[users[g] + 1] - line;
                const int32_t first = begin > 0 ? (int32_t)begin : 0;
                const int32_t last = stop < LINE ? (int32_t)stop : LINE;
                const int32_t before = begin < 0 ? (int32_t)-begin : 0;
                items[s] += before + count_in_line(gaps + line, first, last, items[s]);
            }
            if (++j == per) j = 0, g++;
        }
    }
}

MULTIVERSIONED
int32_t nectar_find_seen(int32_t groups, int32_t per, const int32_t *restrict users, const int32_t *restrict items,
                         const uint64_t *restrict bits, int64_t words, int32_t *restrict seen) {
    int32_t count = 0;
    for (int32_t g = 0; g < groups; g++) {
        const uint64_t *own = bits + users[g] * words;
        for (int32_t j = 1; j < per; j++) {
            const int32_t sample = g * per + j;
            const uint32_t item = (uint32_t)items[sample];
            // Most are not: no branch that would have to be guessed.
            seen[count] = sample;
            count += (int32_t)(own[item / 64] >> (item % 64) & 1);
        }
    }
    return count;
}

MULTIVERSIONED
int32_t nectar_clear_bit(const uint64_t *bits, int64_t rank) {
    int64_t word = 0;
    for (;; word++) {
        const int64_t clear = __builtin_popcountll(~bits[word]);
        if (rank < clear) break;
        rank -= clear;
    }
    uint64_t left = ~bits[word];
    for (; rank > 0; rank--) left &= left - 1;
    return (int32_t)(word * 64 + __builtin_ctzll(left));
}

// Asks for what will be written: where another thread has read it since, its copy is taken back meanwhile.
INLINE void prefetch_to_write(const void *address, int64_t bytes) {
    for (int64_t offset = 0; offset < bytes; offset += 64) {
        const char *line = (const char *)address + offset;
#if defined(__x86_64__)
        // The compiler's own operation asks to read where it cannot tell that there is this one, which other processors pass over.
        __asm__ volatile("prefetchw %0" : : "m"(*line));
#else
        __builtin_prefetch(line, 1);
#endif
    }
}

INLINE void adam(nectar_adam_settings settings, int32_t n, nectar_adam_correction correction, float decay,
                 float *restrict x, float *restrict first_moment, float *restrict second_moment,
                 const float *restrict gradient) {
#define ADAM(type, k)                                                                                                 \
    {                                                                                                                 \
        const type own = AT(type, x + k), g = AT(const type, gradient + k) + decay * own;                             \
        const type m = settings.beta1 * AT(type, first_moment + k) + (1 - settings.beta1) * g;                        \
        const type v = settings.beta2 * AT(type, second_moment + k) + (1 - settings.beta2) * g * g;                   \
        AT(type, first_moment + k) = m;                                                                               \
        AT(type, second_moment + k) = v;                                                                              \
        AT(type, x + k) = own - settings.rate * (m * correction.first)                                                \
                                    / (square_root(v * correction.second) + settings.epsilon);                        \
    }
    EACH_COLUMN(n, ADAM)
}

MULTIVERSIONED
void nectar_adam(nectar_adam_settings settings, int32_t n, nectar_adam_correction correction, float decay,
                 float *restrict x, float *restrict first_moment, float *restrict second_moment,
                 const float *restrict gradient) {
    prefetch_to_write(x, (int64_t)sizeof(float) * n);
    adam(settings, n, correction, decay, x, first_moment, second_moment, gradient);
}

MULTIVERSIONED
void nectar_adam_rows(nectar_adam_settings settings, nectar_adam_table table, nectar_row_groups groups, int32_t first,
                      int32_t end, const nectar_adam_correction *restrict corrections, int32_t correction_count,
                      float decay, const float *restrict gradients) {
    enum { AHEAD = 6 };
    const int64_t stride = table.stride, bytes = stride * (int64_t)sizeof(float);
    for (int32_t slot = first - AHEAD; slot < end; slot++) {
        if (slot + AHEAD < end) {
            const int64_t later = groups.rows[slot + AHEAD] * stride;
            prefetch_to_write(table.rows + later, bytes);
            prefetch_to_write(table.first + later, bytes);
            prefetch_to_write(table.second + later, bytes);
        }
        if (slot < first) continue;
        const int32_t row = groups.rows[slot], step = ++table.steps[row];
        const nectar_adam_correction settled = {1, 1};
        adam(settings, table.stride, step < correction_count ? corrections[step] : settled,
             decay * (float)occurrences_of(groups, slot).count, table.rows + row * stride, table.first + row * stride,
             table.second + row * stride, gradients + (slot - first) * stride);
    }
}

MULTIVERSIONED
void nectar_adagrad(int32_t n, float *restrict x, float *restrict squares, const float *restrict gradient, float decay,
                    float rate, float epsilon) {
    for (int32_t k = 0; k < n; k++) {
        const float g = gradient[k] + decay * x[k];
        const float sum = squares[k] + g * g;
        squares[k] = sum;
        x[k] -= rate * g / (square_root(sum) + epsilon);
    }
}

MULTIVERSIONED
void nectar_momentum(int32_t n, float *restrict x, float *restrict velocity, const float *restrict gradient, float decay,
                     float rate, float momentum) {
    for (int32_t k = 0; k < n; k++) {
        const float v = momentum * velocity[k] + (gradient[k] + decay * x[k]);
        velocity[k] = v;
        x[k] -= rate * v;
    }
}

MULTIVERSIONED
void nectar_descend(int32_t n, float *restrict x, const float *restrict gradient, float decay, float rate) {
    for (int32_t k = 0; k < n; k++) x[k] -= rate * (gradient[k] + decay * x[k]);
}

MULTIVERSIONED
void nectar_add(int32_t n, const float *restrict y, float *restrict x) {
    for (int32_t k = 0; k < n; k++) x[k] += y[k];
}
