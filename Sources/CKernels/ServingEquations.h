// Small normal equations: a matrix of products, of which only the upper triangle counts, and the solution by Cholesky.
//
// BLAS copies what it multiplies into an order of its own and pays for it later; of some hundred rows of 64 the copying is
// a third. Here rows are read as they lie.

// Rows that stay in the first cache while every tile of the matrix takes them.
enum { GRAM_BYTES = 1 << 15, GRAM_HEIGHT = 4, GRAM_WIDTH = 2, ELIMINATED = 4 };

// The first `kept` lanes are those of `old`.
INLINE void keep_first(int32_t kept, const lanes *old, lanes *value) {
    lane_bits mask;
    first_lanes(kept, &mask);
    *value = (lanes)(((lane_bits)*old & mask) | ((lane_bits)*value & ~mask));
}

// Adds to `height` rows of the matrix, from i on, `width` whole vectors from column j on, of which the first `kept` columns
// stay what they are.
INLINE void add_gram_tile(int height, int width, int32_t kept, int32_t count, int32_t n, const float *rows, int32_t i,
                          int32_t j, float *matrix) {
    lanes sum[GRAM_HEIGHT * GRAM_WIDTH];
    float *corner = matrix + (int64_t)i * n + j;
    UNROLL for (int h = 0; h < height; h++) {
        UNROLL for (int w = 0; w < width; w++) sum[h * width + w] = LOAD(corner + (int64_t)h * n + w * LANES);
    }
    for (int32_t r = 0; r < count; r++) {
        const float *row = rows + (int64_t)r * n;
        lanes right[GRAM_WIDTH];
        UNROLL for (int w = 0; w < width; w++) right[w] = LOAD(row + j + w * LANES);
        UNROLL for (int h = 0; h < height; h++) {
            UNROLL for (int w = 0; w < width; w++) sum[h * width + w] += row[i + h] * right[w];
        }
    }
    UNROLL for (int h = 0; h < height; h++) {
        UNROLL for (int w = 0; w < width; w++) {
            float *place = corner + (int64_t)h * n + w * LANES;
            if (kept) {
                const lanes old = LOAD(place);
                keep_first(kept, &old, &sum[h * width + w]);
            }
            STORE(place, sum[h * width + w]);
        }
    }
}

// The tiles of `height` rows from i on, from the diagonal's vector to the last column.
INLINE void add_gram_rows(int height, int32_t count, int32_t n, const float *rows, int32_t i, float *matrix) {
    int32_t j = i / LANES * LANES;
    for (; j + GRAM_WIDTH * LANES <= n; j += GRAM_WIDTH * LANES)
        add_gram_tile(height, GRAM_WIDTH, 0, count, n, rows, i, j, matrix);
    for (; j + LANES <= n; j += LANES) add_gram_tile(height, 1, 0, count, n, rows, i, j, matrix);
    // The last vector of a row that has some.
    if (j < n) add_gram_tile(height, 1, j - (n - LANES), count, n, rows, i, n - LANES, matrix);
}

// The same where a row is shorter than a vector.
INLINE void add_short_gram(int32_t count, int32_t n, const float *rows, float *matrix) {
    for (int32_t r = 0; r < count; r++) {
        const float *row = rows + (int64_t)r * n;
        for (int32_t i = 0; i < n; i++) {
            for (int32_t j = i; j < n; j++) matrix[(int64_t)i * n + j] += row[i] * row[j];
        }
    }
}

static void add_gram(int32_t count, int32_t n, const float *rows, float *matrix) {
    if (n < LANES) {
        add_short_gram(count, n, rows, matrix);
        return;
    }
    const int32_t fitting = GRAM_BYTES / (n * (int32_t)sizeof(float));
    const int32_t together = fitting > 16 ? fitting : 16;
    for (int32_t first = 0; first < count; first += together) {
        const int32_t some = count - first < together ? count - first : together;
        const float *own = rows + (int64_t)first * n;
        int32_t i = 0;
        for (; i + GRAM_HEIGHT <= n; i += GRAM_HEIGHT) add_gram_rows(GRAM_HEIGHT, some, n, own, i, matrix);
        for (; i < n; i++) add_gram_rows(1, some, n, own, i, matrix);
    }
}

// to[k] -= sum_q factors[q] * (row q)[k] for k in first ..< n, the rows being n apart.
INLINE void subtract_rows(int height, int32_t first, int32_t n, const float *factors, const float *rows, float *to) {
    int32_t k = first;
    for (; k + LANES <= n; k += LANES) {
        lanes value = LOAD(to + k);
        UNROLL for (int q = 0; q < height; q++) value -= factors[q] * LOAD(rows + (int64_t)q * n + k);
        STORE(to + k, value);
    }
    for (; k < n; k++) {
        UNROLL for (int q = 0; q < height; q++) to[k] -= factors[q] * rows[(int64_t)q * n + k];
    }
}

// Row by row U = D Lᵀ of the matrix L D Lᵀ replaces it (Cholesky's decomposition without roots), but for the diagonal, which
// becomes that of 1 / D; right becomes the solution of L z = right. Here for the rows from `first` on, whose part in what
// those before them leave is subtracted already. 0 where the matrix is not positive definite.
INLINE int32_t eliminate(int height, int32_t first, int32_t n, float *matrix, float *right) {
    float *rows = matrix + (int64_t)first * n;
    // The diagonal's vector: what of it lies below the diagonal counts nothing.
    const int32_t start = first / LANES * LANES;
    float inverse[ELIMINATED];
    UNROLL for (int q = 0; q < height; q++) {
        float *row = rows + (int64_t)q * n;
        const float pivot = row[first + q];
        // Not NaN, and not so small that one over it is too large.
        if (!(pivot >= 1.17549435e-38f)) return 0;
        inverse[q] = 1 / pivot;
        UNROLL for (int p = q + 1; p < height; p++) {
            const float factor = row[first + p] * inverse[q];
            subtract_rows(1, start, n, &factor, row, rows + (int64_t)p * n);
            right[first + p] -= factor * right[first + q];
        }
    }
    float eliminated[ELIMINATED];
    UNROLL for (int q = 0; q < height; q++) eliminated[q] = right[first + q];
    for (int32_t i = first + height; i < n; i++) {
        float factors[ELIMINATED];
        UNROLL for (int q = 0; q < height; q++) factors[q] = rows[(int64_t)q * n + i] * inverse[q];
        subtract_rows(height, i / LANES * LANES, n, factors, rows, matrix + (int64_t)i * n);
        float value = right[i];
        UNROLL for (int q = 0; q < height; q++) value -= factors[q] * eliminated[q];
        right[i] = value;
    }
    UNROLL for (int q = 0; q < height; q++) rows[(int64_t)q * n + first + q] = inverse[q];
    return 1;
}

INLINE float sum_of(const lanes *x) {
#if LANES == 16
    const __auto_type eight = x->lo + x->hi;
    const __auto_type four = eight.lo + eight.hi;
#elif LANES == 8
    const __auto_type four = x->lo + x->hi;
#else
    const lanes four = *x;
#endif
    const __auto_type two = four.lo + four.hi;
    return two.x + two.y;
}

static int32_t solve(int32_t n, float *matrix, float *right) {
    int32_t i = 0;
    for (; i + ELIMINATED <= n; i += ELIMINATED)
        if (!eliminate(ELIMINATED, i, n, matrix, right)) return 0;
    for (; i < n; i++)
        if (!eliminate(1, i, n, matrix, right)) return 0;
    for (i = n - 1; i >= 0; i--) {
        const float *row = matrix + (int64_t)i * n;
        lanes sums = 0;
        int32_t k = i + 1;
        for (; k + LANES <= n; k += LANES) sums += LOAD(row + k) * LOAD(right + k);
        float sum = right[i];
        for (; k < n; k++) sum -= row[k] * right[k];
        right[i] = (sum - sum_of(&sums)) * row[i];
    }
    return 1;
}
