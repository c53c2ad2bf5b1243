// Vectors of LANES floats, the widest that the instruction set of the including file has, and what is done with rows of
// them. Included once per instruction set; see ServingKernels.h.
//
// Such values never cross a function by value, for callers of another instruction set would disagree on how to pass them.

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float lanes __attribute__((ext_vector_type(LANES)));
typedef int32_t lane_bits __attribute__((ext_vector_type(LANES)));
typedef float unaligned_lanes __attribute__((ext_vector_type(LANES), aligned(4), may_alias));
#define LOAD(address) (*(const unaligned_lanes *)(address))
#define STORE(address, value) (*(unaligned_lanes *)(address) = (value))

// How far ahead of its use a row is asked for: beyond what the processor fetches by itself when rows end a page, and for
// the tower, which does more with a row, farther.
enum { PREFETCH_BYTES = 4096, TOWER_PREFETCH_BYTES = 16384, STRETCH = 4 };
#define PREFETCH(address, bytes) __builtin_prefetch((const char *)(address) + (bytes))

// Bits that are set in the first `count` lanes.
INLINE void first_lanes(int32_t count, lane_bits *mask) {
    UNROLL for (int j = 0; j < LANES; j++) (*mask)[j] = j < count ? -1 : 0;
}

// The first `count` floats at `address`, then zeros; nothing behind them is read.
INLINE void load_some(int32_t count, const float *address, lanes *out) {
    if (count >= LANES) {
        *out = LOAD(address);
        return;
    }
    lanes values = 0;
    UNROLL for (int j = 0; j < LANES; j++) {
        if (j < count) values[j] = address[j];
    }
    *out = values;
}

INLINE void store_some(int32_t count, const lanes *values, float *address) {
    if (count >= LANES) {
        STORE(address, *values);
        return;
    }
    UNROLL for (int j = 0; j < LANES; j++) {
        if (j < count) address[j] = (*values)[j];
    }
}

// Two vectors become one, in every four lanes alike: the lower or the upper two of both in turns, or in pairs; and out of all
// fours every second one.
#if LANES == 16
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define EVEN_FOURS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD_FOURS(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#elif LANES == 8
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define EVEN_FOURS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define ODD_FOURS(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#else
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#endif

// out[j] = the sum of the lanes of x[j], for all j in the same order, so that a sum does not depend on its place.
INLINE void sum_lanes(const lanes *x, lanes *out) {
    // Afterwards every four lanes of fours[j] are sums over the same four lanes of x[4 j] to x[4 j + 3].
    lanes fours[LANES / 4];
    UNROLL for (int j = 0; j < LANES / 4; j++) {
        const lanes a = INTERLEAVE_LOW(x[4 * j], x[4 * j + 1]) + INTERLEAVE_HIGH(x[4 * j], x[4 * j + 1]);
        const lanes b = INTERLEAVE_LOW(x[4 * j + 2], x[4 * j + 3]) + INTERLEAVE_HIGH(x[4 * j + 2], x[4 * j + 3]);
        fours[j] = LOW_PAIRS(a, b) + HIGH_PAIRS(a, b);
    }
#if LANES == 16
    const lanes a = EVEN_FOURS(fours[0], fours[1]) + ODD_FOURS(fours[0], fours[1]);
    const lanes b = EVEN_FOURS(fours[2], fours[3]) + ODD_FOURS(fours[2], fours[3]);
    *out = EVEN_FOURS(a, b) + ODD_FOURS(a, b);
#elif LANES == 8
    *out = EVEN_FOURS(fours[0], fours[1]) + ODD_FOURS(fours[0], fours[1]);
#else
    *out = fours[0];
#endif
}

// Rows of `n` floats that follow each other, taken LANES floats at a time.
typedef struct {
    const float *base;
    int32_t n;
    int32_t whole;      // n, rounded down to whole vectors
    int32_t count;      // how many rows there are
    int32_t comfortable; // how many of them end far enough from the last one's end that a whole vector may be read there
    lane_bits tail;     // what of the last, partial vector belongs to the row
} row_table;

INLINE void make_rows(int32_t count, int32_t n, const float *base, row_table *rows) {
    rows->base = base;
    rows->n = n;
    rows->whole = n / LANES * LANES;
    rows->count = count;
    first_lanes(n - rows->whole, &rows->tail);
    const int64_t beyond = (int64_t)count * n - rows->whole - LANES;
    rows->comfortable = rows->whole == n ? count : beyond < 0 ? 0 : (int32_t)(beyond / n + 1);
}

// How many rows from `row` on can be taken `step` at a time without care.
INLINE int32_t carefree(const row_table *rows, int32_t step) { return rows->comfortable / step * step; }

// partial[u * height + j] = lane-wise products of row (first + j) and user u, summed over the row. With care, rows past
// the last are the last one, and nothing is read behind it. What a row gives does not depend on which rows stand beside it.
INLINE void multiply_rows(const row_table *rows, int32_t first, int height, int with_care, int users, const float *user,
                          int64_t user_stride, lanes *partial) {
    const float *row[LANES];
    UNROLL for (int j = 0; j < height; j++) {
        const int32_t index = with_care && first + j >= rows->count ? rows->count - 1 : first + j;
        row[j] = rows->base + (int64_t)index * rows->n;
    }
    UNROLL for (int j = 0; j < height * users; j++) partial[j] = 0;
    // Row after row, as they lie in memory, for a stretch of each; what is left of them, vector after vector.
    int32_t k = 0;
    for (; k + STRETCH * LANES <= rows->whole; k += STRETCH * LANES) {
        UNROLL for (int j = 0; j < height; j++) {
            UNROLL for (int v = 0; v < STRETCH; v++) {
                PREFETCH(row[j] + k + v * LANES, PREFETCH_BYTES);
                const lanes x = LOAD(row[j] + k + v * LANES);
                UNROLL for (int u = 0; u < users; u++)
                    partial[u * height + j] += LOAD(user + u * user_stride + k + v * LANES) * x;
            }
        }
    }
    for (; k < rows->whole; k += LANES) {
        UNROLL for (int j = 0; j < height; j++) {
            PREFETCH(row[j] + k, PREFETCH_BYTES);
            const lanes x = LOAD(row[j] + k);
            UNROLL for (int u = 0; u < users; u++) partial[u * height + j] += LOAD(user + u * user_stride + k) * x;
        }
    }
    if (rows->whole == rows->n) return;
    UNROLL for (int j = 0; j < height; j++) {
        lanes x;
        PREFETCH(row[j] + rows->whole, PREFETCH_BYTES);
        if (with_care) load_some(rows->n - rows->whole, row[j] + rows->whole, &x);
        else x = (lanes)((lane_bits)LOAD(row[j] + rows->whole) & rows->tail);
        UNROLL for (int u = 0; u < users; u++)
            partial[u * height + j] += LOAD(user + u * user_stride + rows->whole) * x;
    }
}
