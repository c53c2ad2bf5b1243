// The products of whole tables of rows with one vector or a few; see ServingKernels.h.

INLINE void score_tile(const row_table *rows, int32_t first, int with_care, const float *user, const float *bias,
                       float constant, float *scores) {
    const int32_t some = rows->count - first < LANES ? rows->count - first : LANES;
    lanes partial[LANES], sums, own;
    multiply_rows(rows, first, LANES, with_care, 1, user, 0, partial);
    sum_lanes(partial, &sums);
    if (with_care) load_some(some, bias + first, &own);
    else own = LOAD(bias + first);
    const lanes logits = (own + constant) + sums;
    store_some(some, &logits, scores + first);
}

// Rows of at most this length would leave half of the lanes idle: the narrower kernels are twice as fast.
#if LANES == 16
#define SHORT_ROWS 8
#else
#define SHORT_ROWS 0
#endif

static void score(int32_t count, int32_t n, const float *restrict base, const float *restrict user,
                  const float *restrict bias, float constant, float *restrict scores) {
#if SHORT_ROWS > 0
    if (n <= SHORT_ROWS) {
        nectar_serving_avx2.score(count, n, base, user, bias, constant, scores);
        return;
    }
#endif
    row_table rows;
    make_rows(count, n, base, &rows);
    int32_t i = 0;
    for (; i < carefree(&rows, LANES); i += LANES) score_tile(&rows, i, 0, user, bias, constant, scores);
    for (; i < count; i += LANES) score_tile(&rows, i, 1, user, bias, constant, scores);
}

enum { USERS = NECTAR_USERS_TOGETHER, USER_ROWS = LANES / USERS };

INLINE void score_users_tile(const row_table *rows, int32_t first, int with_care, const float *user,
                             int64_t user_stride, const float *bias, const float *constants, float *scores,
                             int64_t score_stride) {
    lanes partial[LANES], sums;
    multiply_rows(rows, first, USER_ROWS, with_care, USERS, user, user_stride, partial);
    sum_lanes(partial, &sums);
    UNROLL for (int u = 0; u < USERS; u++) {
        UNROLL for (int j = 0; j < USER_ROWS; j++) {
            if (with_care && first + j >= rows->count) continue;
            scores[u * score_stride + first + j] = (bias[first + j] + constants[u]) + sums[u * USER_ROWS + j];
        }
    }
}

static void score_users(int32_t count, int32_t n, const float *restrict base, const float *restrict user,
                        int64_t user_stride, const float *restrict bias, const float *restrict constants,
                        float *restrict scores, int64_t score_stride) {
#if SHORT_ROWS > 0
    if (n <= SHORT_ROWS) {
        nectar_serving_avx2.score_users(count, n, base, user, user_stride, bias, constants, scores, score_stride);
        return;
    }
#endif
    row_table rows;
    make_rows(count, n, base, &rows);
    int32_t i = 0;
    for (; i < carefree(&rows, USER_ROWS); i += USER_ROWS)
        score_users_tile(&rows, i, 0, user, user_stride, bias, constants, scores, score_stride);
    for (; i < count; i += USER_ROWS)
        score_users_tile(&rows, i, 1, user, user_stride, bias, constants, scores, score_stride);
}

typedef int8_t code_lanes __attribute__((ext_vector_type(LANES), aligned(1), may_alias));

INLINE void bound_tile(const nectar_coded_rows *rows, int32_t first, int with_care, const float *user, float reach,
                       float constant, float *bounds) {
    const int32_t some = rows->count - first < LANES ? rows->count - first : LANES;
    lanes partial[LANES], sums, scale, radius, own;
    UNROLL for (int j = 0; j < LANES; j++) {
        const int32_t index = with_care && first + j >= rows->count ? rows->count - 1 : first + j;
        const int8_t *row = rows->codes + (int64_t)index * rows->n;
        partial[j] = 0;
        for (int32_t k = 0; k < rows->n; k += LANES) {
            PREFETCH(row + k, PREFETCH_BYTES);
            partial[j] += LOAD(user + k) * __builtin_convertvector(*(const code_lanes *)(row + k), lanes);
        }
    }
    sum_lanes(partial, &sums);
    load_some(some, rows->scales + first, &scale);
    load_some(some, rows->radii + first, &radius);
    load_some(some, rows->bias + first, &own);
    const lanes result = (own + constant) + sums * scale + reach * radius;
    store_some(some, &result, bounds + first);
}

static void bound(const nectar_coded_rows *rows, const float *restrict user, float reach, float constant,
                  float *restrict bounds) {
    int32_t i = 0;
    for (; i + LANES <= rows->count; i += LANES) bound_tile(rows, i, 0, user, reach, constant, bounds);
    if (i < rows->count) bound_tile(rows, i, 1, user, reach, constant, bounds);
}

enum { COSINE_ROWS = LANES / 2 };

INLINE void cosine_tile(const row_table *rows, int32_t first, int with_care, const float *own, const float *weights,
                        float norm, float *cosines) {
    lanes partial[LANES], sums;
    UNROLL for (int j = 0; j < LANES; j++) partial[j] = 0;
    for (int32_t k = 0; k < rows->n; k += LANES) {
        const lanes ours = LOAD(own + k), weight = LOAD(weights + k);
        UNROLL for (int j = 0; j < COSINE_ROWS; j++) {
            const int32_t index = with_care && first + j >= rows->count ? rows->count - 1 : first + j;
            const float *row = rows->base + (int64_t)index * rows->n + k;
            lanes x;
            if (k < rows->whole) x = LOAD(row);
            else if (with_care) load_some(rows->n - k, row, &x);
            else x = (lanes)((lane_bits)LOAD(row) & rows->tail);
            partial[j] += ours * x;
            partial[COSINE_ROWS + j] += weight * x * x;
        }
    }
    sum_lanes(partial, &sums);
    const lanes lengths = __builtin_elementwise_sqrt(sums);
    UNROLL for (int j = 0; j < COSINE_ROWS; j++) {
        if (with_care && first + j >= rows->count) continue;
        const float norms = norm * lengths[COSINE_ROWS + j];
        // A row without a direction resembles nothing.
        cosines[first + j] = norms > 0 ? sums[j] / norms : -__builtin_inff();
    }
}

static void cosines(int32_t count, int32_t n, const float *restrict base, const float *restrict own,
                    const float *restrict weights, float norm, float *restrict cosines) {
    row_table rows;
    make_rows(count, n, base, &rows);
    int32_t i = 0;
    for (; i < carefree(&rows, COSINE_ROWS); i += COSINE_ROWS)
        cosine_tile(&rows, i, 0, own, weights, norm, cosines);
    for (; i < count; i += COSINE_ROWS) cosine_tile(&rows, i, 1, own, weights, norm, cosines);
}

// As many lanes as there are bits in a byte, or more.
enum { FLAGS = LANES < 8 ? 8 : LANES };
typedef float flagged __attribute__((ext_vector_type(FLAGS), aligned(4), may_alias));
typedef _Bool flags __attribute__((ext_vector_type(FLAGS)));

static int32_t reaching(int32_t count, const float *restrict scores, float least, const uint64_t *restrict hidden,
                        uint64_t *restrict found) {
    uint64_t any = 0;
    for (int32_t i = 0, w = 0; i < count; i += 64, w++) {
        uint64_t word = 0;
        UNROLL for (int j = 0; j < 64; j += FLAGS) {
            const flags reached = __builtin_convertvector(*(const flagged *)(scores + i + j) >= least, flags);
#if LANES == 16
            uint16_t bits;
#else
            uint8_t bits;
#endif
            memcpy(&bits, &reached, sizeof bits);
            word |= (uint64_t)bits << j;
        }
        if (count - i < 64) word &= ((uint64_t)1 << (count - i)) - 1;
        found[w] = word & ~hidden[w];
        any |= found[w];
    }
    return any != 0;
}

static void user_half(int32_t inputs, int32_t outputs, const float *restrict weights, const float *restrict bias,
                      const float *restrict user, float *restrict out) {
    for (int32_t j = 0; j < outputs; j++) out[j] = bias[j];
    // Four rows at a time, so that an element of the sum is loaded and stored once for four products.
    int32_t k = 0;
    for (; k + 4 <= inputs; k += 4) {
        const float *a = weights + (int64_t)k * outputs, *b = a + outputs, *c = b + outputs, *d = c + outputs;
        for (int32_t j = 0; j < outputs; j++)
            out[j] += (user[k] * a[j] + user[k + 1] * b[j]) + (user[k + 2] * c[j] + user[k + 3] * d[j]);
    }
    for (; k < inputs; k++)
        for (int32_t j = 0; j < outputs; j++) out[j] += user[k] * weights[(int64_t)k * outputs + j];
}
