// The products of serving, fused: what one user's request computes for a block of items.
//
// BLAS is made for large matrices; a tower of 32-16-8 is not one, and its results depend on how many rows are asked for.
// Here a row's result depends on that row alone, bit for bit, whatever block it is part of. Compiled several times over
// like CKernels.h. All matrices are row-major and dense. No function keeps a pointer, allocates, or checks its arguments.
#ifndef NECTAR_CSERVINGKERNELS_H
#define NECTAR_CSERVINGKERNELS_H

#include <stdint.h>

// How many items pass through the tower together; scratch memory is for that many.
#define NECTAR_TOWER_ROWS 48

// A dense layer after the first: `outputs` is a multiple of 8, columns beyond the layer's own being zero.
typedef struct {
    int32_t inputs;
    int32_t outputs;
    const float *weights; // inputs x outputs
    const float *bias;    // outputs
} nectar_serving_layer;

// scores[i] = (bias[i] + constant) + rows[i] . user, n elements each (n may be 0). Returns the greatest; -infinity for
// none, and NaN never is.
float nectar_score_gmf(int32_t count, int32_t n, const float *rows, const float *user, const float *bias,
                       float constant, float *scores);

// scores[i] += output_weights . tower(max(0, halves[i] + shift)), where halves have `half` columns and output_weights
// are padded with zeros to a multiple of 8. `scratch` holds NECTAR_TOWER_ROWS x (half, padded to a multiple of 8, + all
// the layers' outputs). Returns the greatest score, as above.
float nectar_add_tower(int32_t count, int32_t half, const float *halves, const float *shift, int32_t layer_count,
                       const nectar_serving_layer *layers, const float *output_weights, float *scratch, float *scores);

// out = bias + user . weights, weights being inputs x outputs.
void nectar_user_half(int32_t inputs, int32_t outputs, const float *weights, const float *bias, const float *user,
                      float *out);

// cosines[i] = own . rows[i] / (norm * sqrt(sum_k weights[k] rows[i][k]^2)), or -infinity for a row of no length.
// Returns the greatest.
float nectar_cosines(int32_t count, int32_t n, const float *rows, const float *own, const float *weights, float norm,
                     float *cosines);

// The upper triangle of matrix (n x n) += sum_i weights[i] rows[i] rows[i]^T.
void nectar_add_weighted_gram(int32_t count, int32_t n, const float *rows, const float *weights, float *matrix);

// Cholesky's decomposition in place, matrix = U^T U, of the upper triangle; 0 where it is not positive definite.
int32_t nectar_cholesky(int32_t n, float *matrix);

#endif
