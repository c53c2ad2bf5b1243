// Element-wise loops of training that must be vectorised for the machine they run on.
//
// SwiftPM compiles for baseline x86-64; these are compiled several times over and chosen at load time. Everything that is
// a matrix product belongs to BLAS instead. All matrices are row-major and dense unless a stride is given; `per` is the
// number of samples of a group (one positive and its negatives, which share their user). No function keeps a pointer,
// allocates, or checks its arguments.
#ifndef NECTAR_CKERNELS_H
#define NECTAR_CKERNELS_H

#include <stdint.h>

#include "CServingKernels.h"

// How the rows of an embedding table are laid out: [GMF: d | MLP: m | bias: 1 | padding], `stride` elements in all.
typedef struct {
    int32_t gmf;
    int32_t mlp;
    int32_t stride;
} nectar_row_layout;

// Which samples of a batch touch which row: that in slot s is rows[s], and its samples are those from samples[ends[s - 1]] to
// samples[ends[s] - 1], ends[-1] being 0.
typedef struct {
    const int32_t *rows;
    const int32_t *ends;
    const int32_t *samples;
} nectar_row_groups;

// What the users of some groups are less than their rows: weights[g] times row items[g * per] of `rows`, which have the
// layout of a user's. Where weights[g] is 0, and everywhere if `rows` is null, nothing.
typedef struct {
    const float *rows;
    const float *weights;
} nectar_left_out;

// logits[g * per + j] = sum_k h[k] p[k] q[k] + bias(user) + bias(item) + global; the user's p is copied to
// user_copies (groups x d). `scratch` holds d elements.
void nectar_gmf_forward(nectar_row_layout layout, int32_t groups, int32_t per, const float *user_rows,
                        const float *item_rows, const int32_t *users, const int32_t *items, nectar_left_out left_out,
                        const float *output_weights, float global, float *user_copies, float *logits, float *scratch);

// The part of the gradient that does not pass through the tower: user_gradients (groups x stride) gets its GMF and bias
// columns (and zero padding; the MLP columns are left alone), output_gradient (d) is added to.
void nectar_gmf_backward(nectar_row_layout layout, int32_t groups, int32_t per, const float *item_rows,
                         const int32_t *items, const float *output_weights, const float *user_copies,
                         const float *deltas, float *user_gradients, float *output_gradient);

// out[i] = the MLP columns of row indices[i].
void nectar_gather_mlp(nectar_row_layout layout, int32_t count, const float *rows, const int32_t *indices, float *out);

// out[g] = the MLP columns of the user of group g.
void nectar_gather_user_mlp(nectar_row_layout layout, int32_t groups, int32_t per, const float *user_rows,
                            const int32_t *users, const int32_t *items, nectar_left_out left_out, float *out);

// x = max(0, x + bias + per_group), x being (groups * per) x n and per_group groups x n, or null.
void nectar_bias_relu(int32_t groups, int32_t per, int32_t n, const float *per_group, const float *bias, float *x);

// to[j * rows + i] = from[i * columns + j].
void nectar_transpose(int32_t rows, int32_t columns, const float *from, float *to);

// Inverted dropout: x[k] = 0 where the hash of k and the key is below the threshold, else x[k] times scale.
void nectar_dropout(int32_t n, uint64_t key, uint32_t threshold, float scale, float *x);

// x *= factor.
void nectar_scale(int32_t n, float factor, float *x);

// logits[s] += weights . activations[s].
void nectar_tower_output(int32_t count, int32_t n, const float *activations, const float *weights, float *logits);

// gradient[s] = deltas[s] * weights where the activation is positive, else 0; weight_gradient and bias_gradient are
// added to.
void nectar_tower_output_backward(int32_t count, int32_t n, const float *activations, const float *weights,
                                  const float *deltas, float *gradient, float *weight_gradient, float *bias_gradient);

// gradient = 0 where the activation is not positive; its column sums are added to bias_gradient.
void nectar_relu_backward(int32_t count, int32_t n, const float *activations, float *gradient, float *bias_gradient);

// out[g] = sum_j in[g * per + j].
void nectar_sum_groups(int32_t groups, int32_t per, int32_t n, const float *in, float *out);

// Binary cross-entropy of logits with targets in {0, 1}: returns the weighted sum; deltas = scale * its derivatives.
double nectar_cross_entropy(int32_t count, const float *logits, const float *targets, const float *weights, float scale,
                            float *deltas);

// The next two take groups of `per` samples, the first of each being the positive, the others its negatives, v a sample's
// weight; both return the sum over the groups, and deltas = scale * its derivatives.

// Bayesian personalised ranking (Rendle et al. 2009): v_0 sum_j v_j log(1 + exp(z_j - z_0)).
double nectar_pairwise_ranking(int32_t groups, int32_t per, const float *logits, const float *weights, float scale,
                               float *deltas);

// Sampled softmax: v_0 (log(exp(z_0) + sum_j v_j exp(z_j)) - z_0), where a negative that was not drawn uniformly has one over
// its probability in v_j (log Q is then subtracted from its logit).
double nectar_sampled_softmax(int32_t groups, int32_t per, const float *logits, const float *weights, float scale,
                              float *deltas);

// Cosine contrastive (Mao et al. 2021): v_0 (1 - z_0 + weight / (per - 1) sum_j v_j max(0, z_j - margin)).
double nectar_cosine_contrast(int32_t groups, int32_t per, const float *logits, const float *weights, float margin,
                              float weight, float scale, float *deltas);

// Takes from the gradient (stride elements) what of it changes the length of `row`, which is 1 over the first d elements, and
// all beyond those: what is left is the derivative of a function of row / |row|. Returns 0 where there was none.
int32_t nectar_tangent(int32_t stride, int32_t d, const float *row, float *gradient);

// Gives d elements the length 1, if they have any.
void nectar_normalize(int32_t d, float *row);

// Squared error: returns the weighted sum; deltas = scale * its derivatives.
double nectar_squared_error(int32_t count, const float *predictions, const float *targets, const float *weights,
                            float scale, float *deltas);

// The gradients of the item rows in slots first ..< end, each summed over its samples in their order, one after the other.
void nectar_item_gradients(nectar_row_layout layout, nectar_row_groups groups, int32_t first, int32_t end, int32_t per,
                           const float *output_weights, const float *user_copies, const float *mlp_gradients,
                           const float *deltas, float *gradients);

// The same of user rows: sums of the groups'.
void nectar_user_gradients(int32_t stride, nectar_row_groups groups, int32_t first, int32_t end,
                           const float *user_gradients, float *gradients);

// gradient -= weights[g] * user_gradients[g] for those of the samples listed that are a group's first, g being the group.
void nectar_left_out_gradient(int32_t stride, int32_t occurrences, const int32_t *samples, int32_t per,
                              const float *weights, const float *user_gradients, float *gradient);

// row[columns[i]] += value, over i.
void nectar_add_at(float *row, float value, const int32_t *columns, int32_t count);

// row[columns[i]] += value * factors[i], over i.
void nectar_add_scaled_at(float *row, float value, const int32_t *columns, const float *factors, int32_t count);

// sum += weights[i] * row indices[i] of `rows`, over i.
void nectar_add_rows(int32_t stride, int32_t count, const int32_t *indices, const float *weights, const float *rows,
                     float *sum);

// How Adam steps (Kingma and Ba 2015).
typedef struct {
    float rate;
    float beta1;
    float beta2;
    float epsilon;
} nectar_adam_settings;

// What its moments are multiplied with at a parameter's step t: 1 / (1 - beta1^t) and 1 / (1 - beta2^t).
typedef struct {
    float first;
    float second;
} nectar_adam_correction;

// Rows of `stride` parameters, their moments, and how many steps each row has taken.
typedef struct {
    int32_t stride;
    float *rows;
    float *first;
    float *second;
    int32_t *steps;
} nectar_adam_table;

// One step on n elements, decay * x being added to the gradient first.
void nectar_adam(nectar_adam_settings settings, int32_t n, nectar_adam_correction correction, float decay, float *x,
                 float *first_moment, float *second_moment, const float *gradient);

// One step on each of the rows in slots first ..< end, its own next one, whose correction corrections[t] is, or none from
// correction_count on. The gradients follow each other; the decay is that of one sample.
void nectar_adam_rows(nectar_adam_settings settings, nectar_adam_table table, nectar_row_groups groups, int32_t first,
                      int32_t end, const nectar_adam_correction *corrections, int32_t correction_count, float decay,
                      const float *gradients);

// One step of Adagrad (Duchi et al. 2011), squares being the sum of the gradient's so far; decay as above.
void nectar_adagrad(int32_t n, float *x, float *squares, const float *gradient, float decay, float rate, float epsilon);

// One step down the gradient with heavy-ball momentum (Polyak 1964): velocity = momentum velocity + gradient; decay as above.
void nectar_momentum(int32_t n, float *x, float *velocity, const float *gradient, float decay, float rate,
                     float momentum);

// One step down the gradient; decay as above.
void nectar_descend(int32_t n, float *x, const float *gradient, float decay, float rate);

// Tells the processor that this thread waits for another one's store.
static inline void nectar_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

// Asks for the cache lines of `bytes` bytes from `address` on, without waiting for them.
static inline void nectar_prefetch(const void *address, int64_t bytes) {
    for (int64_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch((const char *)address + offset);
}

// How many of the `count` ascending `values` are at most `limit`: bisection without branches, whose outcome is random here.
static inline int64_t nectar_count_at_most(const int32_t *values, int64_t count, int32_t limit) {
    const int32_t *start = values;
    while (count > 1) {
        const int64_t half = count / 2;
        start += start[half - 1] <= limit ? half : 0;
        count -= half;
    }
    return (start - values) + (count == 1 && *start <= limit ? 1 : 0);
}

// The same of 64-bit values.
static inline int64_t nectar_count_at_most_wide(const int64_t *values, int64_t count, int64_t limit) {
    const int64_t *start = values;
    while (count > 1) {
        const int64_t half = count / 2;
        start += start[half - 1] <= limit ? half : 0;
        count -= half;
    }
    return (start - values) + (count == 1 && *start <= limit ? 1 : 0);
}

// Of the integers that every group's user has as gaps[offsets[user]] up to gaps[offsets[user + 1]], ascending, how many are at
// most items[g * per + j] is added to it, for all j from 1 on. gaps begins a cache line, of which whole ones may be read up to
// that of offset `offsets[user + 1]`; fences[i] is the last element of line i of gaps, and NECTAR_GAPS_OF_LINE more may be
// read.
enum { NECTAR_GAPS_OF_LINE = 16 };
void nectar_resolve_ranks(int32_t groups, int32_t per, const int32_t *users, const intptr_t *offsets,
                          const int32_t *gaps, const int32_t *fences, int32_t *items);

// Writes to `seen` which samples of the groups g, user by user, are set among their user's `words` words of bits, and says how many:
// of the items[g * per + j] for all j from 1 on. Room for groups * per is needed.
int32_t nectar_find_seen(int32_t groups, int32_t per, const int32_t *users, const int32_t *items, const uint64_t *bits,
                         int64_t words, int32_t *seen);

// The place of the clear bit before which `rank` bits are clear; there must be one.
int32_t nectar_clear_bit(const uint64_t *bits, int64_t rank);

// x += y.
void nectar_add(int32_t n, const float *y, float *x);

#endif
