// The products of serving, fused: what one user's request computes for a block of items, and the small equations that its
// vector is found by, which training solves for every user and item.
//
// BLAS is made for large matrices; a tower of 32-16-8 is not one, and its results depend on how many rows are asked for.
// Here a row's result depends on that row alone, bit for bit, whatever block it is part of and whoever asks beside it.
// Compiled once per instruction set, of which the machine picks one at run time; their results differ by rounding. All
// matrices are row-major and dense. No function keeps a pointer, allocates, or checks its arguments.
#ifndef NECTAR_CSERVINGKERNELS_H
#define NECTAR_CSERVINGKERNELS_H

#include <stdint.h>

// Vectors that are the same for all rows, such as a user's, are padded with zeros to a multiple of this.
#define NECTAR_PADDING 16

// How many users score_users takes.
#define NECTAR_USERS_TOGETHER 4

// How many items pass through the tower together at most; scratch memory is for that many.
#define NECTAR_TOWER_ROWS 48

// A dense layer's weights lie in groups of so many outputs.
#define NECTAR_TOWER_GROUP 4

// A dense layer after the first: `outputs` is a multiple of NECTAR_TOWER_GROUP, those beyond the layer's own being zero.
typedef struct {
    int32_t inputs;
    int32_t outputs;
    const float *_Nonnull weights; // for each group of outputs, inputs x NECTAR_TOWER_GROUP
    const float *_Nonnull bias;    // outputs
} nectar_serving_layer;

// The dense layers after the first, and what their outputs weigh in the logit.
typedef struct {
    int32_t half; // the first layer's outputs
    int32_t layer_count;
    const nectar_serving_layer *_Nonnull layers;
    const float *_Nonnull output_weights; // the last layer's outputs, padded with zeros to a multiple of NECTAR_TOWER_GROUP
} nectar_serving_tower;

// Rows of whole numbers, each with what they count in and how far it is from the row that it stands for.
typedef struct {
    int32_t count;
    int32_t n; // a multiple of NECTAR_PADDING
    const int8_t *_Nonnull codes; // count x n
    const float *_Nonnull scales;
    const float *_Nonnull radii;
    const float *_Nonnull bias;
} nectar_coded_rows;

typedef struct {
    // scores[i] = (bias[i] + constant) + rows[i] . user, n elements each (n may be 0).
    void (*_Nonnull score)(int32_t count, int32_t n, const float *_Nonnull rows, const float *_Nonnull user,
                           const float *_Nonnull bias, float constant, float *_Nonnull scores);

    // The same for NECTAR_USERS_TOGETHER users, each `user_stride` after the one before, their scores `score_stride`.
    void (*_Nonnull score_users)(int32_t count, int32_t n, const float *_Nonnull rows, const float *_Nonnull users,
                                 int64_t user_stride, const float *_Nonnull bias, const float *_Nonnull constants,
                                 float *_Nonnull scores, int64_t score_stride);

    // bounds[i] = (bias[i] + constant) + scales[i] * codes[i] . user + reach * radii[i].
    void (*_Nonnull bound)(const nectar_coded_rows *_Nonnull rows, const float *_Nonnull user, float reach,
                           float constant, float *_Nonnull bounds);

    // scores[i] += output_weights . tower(max(0, halves[i] + shift)). `scratch` holds NECTAR_TOWER_ROWS x (half + all the
    // layers' outputs).
    void (*_Nonnull add_tower)(const nectar_serving_tower *_Nonnull tower, int32_t count, const float *_Nonnull halves,
                               const float *_Nonnull shift, float *_Nonnull scratch, float *_Nonnull scores);

    // The same, and gradients[k * count + i] = the derivative of scores[i] by halves[i][k] (or by shift[k]).
    void (*_Nonnull add_tower_with_gradients)(const nectar_serving_tower *_Nonnull tower, int32_t count,
                                              const float *_Nonnull halves, const float *_Nonnull shift,
                                              float *_Nonnull scratch, float *_Nonnull scores,
                                              float *_Nonnull gradients);

    // cosines[i] = own . rows[i] / (norm * sqrt(sum_k weights[k] rows[i][k]^2)), or -infinity for a row of no length.
    void (*_Nonnull cosines)(int32_t count, int32_t n, const float *_Nonnull rows, const float *_Nonnull own,
                             const float *_Nonnull weights, float norm, float *_Nonnull cosines);

    // Of the scores that are at least `least` (NaN is not), those whose bit in `hidden` is not set: as bits of `found`, in
    // whole words. `scores` holds as many elements as the words have bits. Returns whether there are any.
    int32_t (*_Nonnull reaching)(int32_t count, const float *_Nonnull scores, float least,
                                 const uint64_t *_Nonnull hidden, uint64_t *_Nonnull found);

    // out = bias + user . weights, weights being inputs x outputs.
    void (*_Nonnull user_half)(int32_t inputs, int32_t outputs, const float *_Nonnull weights,
                               const float *_Nonnull bias, const float *_Nonnull user, float *_Nonnull out);

    // The upper triangle of matrix (n x n) += sum_i rows[i] rows[i]^T. What lies below the diagonal is changed too.
    void (*_Nonnull add_gram)(int32_t count, int32_t n, const float *_Nonnull rows, float *_Nonnull matrix);

    // Replaces right by the x of matrix x = right, of which the upper triangle counts and is destroyed, as what lies below it.
    // 0 where the matrix is not positive definite.
    int32_t (*_Nonnull solve)(int32_t n, float *_Nonnull matrix, float *_Nonnull right);
} nectar_serving_kernels;

// The kernels for an instruction set: 0 the compiler's own, 1 AVX2 (x86-64-v3), 2 AVX-512 (x86-64-v4); null where this
// machine lacks it.
const nectar_serving_kernels *_Nullable nectar_serving_kernels_for(int32_t instruction_set);

// The best of them for this machine.
const nectar_serving_kernels *_Nonnull nectar_serving_kernels_of_this_machine(void);

#endif
