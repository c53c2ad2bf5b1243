// The dense layers of a model for a block of items, an item to a lane: whatever the width of a layer, all lanes work, and
// nothing is ever summed across them. See ServingVariant.h.

// Three vectors of items pass through the tower together: with the outputs of a tile they fill the registers.
enum { COLUMNS = 3, BLOCK = COLUMNS * LANES, GROUP = NECTAR_TOWER_GROUP };

_Static_assert(BLOCK <= NECTAR_TOWER_ROWS, "scratch memory is for NECTAR_TOWER_ROWS items");

// x[j][i] and x[i][j] change places: LANES vectors become their transpose.
INLINE void transpose(lanes *x) {
    lanes y[LANES];
    // Among every four vectors, within every four lanes.
    UNROLL for (int j = 0; j < LANES; j += 4) {
        const lanes a = INTERLEAVE_LOW(x[j], x[j + 1]), b = INTERLEAVE_HIGH(x[j], x[j + 1]);
        const lanes c = INTERLEAVE_LOW(x[j + 2], x[j + 3]), d = INTERLEAVE_HIGH(x[j + 2], x[j + 3]);
        y[j] = LOW_PAIRS(a, c);
        y[j + 1] = HIGH_PAIRS(a, c);
        y[j + 2] = LOW_PAIRS(b, d);
        y[j + 3] = HIGH_PAIRS(b, d);
    }
#if LANES == 16
    UNROLL for (int j = 0; j < 4; j++) {
        const lanes a = EVEN_FOURS(y[j], y[j + 4]), b = ODD_FOURS(y[j], y[j + 4]);
        const lanes c = EVEN_FOURS(y[j + 8], y[j + 12]), d = ODD_FOURS(y[j + 8], y[j + 12]);
        x[j] = EVEN_FOURS(a, c);
        x[j + 4] = EVEN_FOURS(b, d);
        x[j + 8] = ODD_FOURS(a, c);
        x[j + 12] = ODD_FOURS(b, d);
    }
#elif LANES == 8
    UNROLL for (int j = 0; j < 4; j++) {
        x[j] = EVEN_FOURS(y[j], y[j + 4]);
        x[j + 4] = ODD_FOURS(y[j], y[j + 4]);
    }
#else
    UNROLL for (int j = 0; j < 4; j++) x[j] = y[j];
#endif
}

// out[k][i] = max(0, row (first + i) + shift) at k, for BLOCK rows; past the last row the last one is taken again.
INLINE void enter_tower(const row_table *rows, int32_t first, int with_care, const float *shift, float *out) {
    for (int32_t column = 0; column < COLUMNS; column++) {
        for (int32_t k = 0; k < rows->n; k += LANES) {
            const lanes own = LOAD(shift + k);
            lanes x[LANES];
            UNROLL for (int j = 0; j < LANES; j++) {
                int32_t index = first + column * LANES + j;
                if (with_care && index >= rows->count) index = rows->count - 1;
                const float *row = rows->base + (int64_t)index * rows->n + k;
                PREFETCH(row, TOWER_PREFETCH_BYTES);
                if (with_care && k >= rows->whole) load_some(rows->n - k, row, &x[j]);
                else x[j] = LOAD(row);
                x[j] += own;
                x[j] = x[j] > 0 ? x[j] : 0;
            }
            transpose(x);
            const int32_t some = rows->n - k < LANES ? rows->n - k : LANES;
            UNROLL for (int j = 0; j < LANES; j++) {
                if (j < some) STORE(out + (k + j) * BLOCK + column * LANES, x[j]);
            }
        }
    }
}

// `groups` groups of outputs for the whole block, in registers all along.
INLINE void dense_tile(int groups, const nectar_serving_layer *layer, int32_t output, const float *in, float *out) {
    const float *weights[2], *bias = layer->bias + output;
    lanes sum[2 * GROUP * COLUMNS];
    UNROLL for (int g = 0; g < groups; g++) weights[g] = layer->weights + (int64_t)(output + g * GROUP) * layer->inputs;
    UNROLL for (int j = 0; j < groups * GROUP; j++) {
        UNROLL for (int c = 0; c < COLUMNS; c++) sum[j * COLUMNS + c] = bias[j];
    }
    for (int32_t k = 0; k < layer->inputs; k++, in += BLOCK) {
        lanes x[COLUMNS];
        UNROLL for (int c = 0; c < COLUMNS; c++) x[c] = LOAD(in + c * LANES);
        UNROLL for (int j = 0; j < groups * GROUP; j++) {
            const float weight = weights[j / GROUP][k * GROUP + j % GROUP];
            UNROLL for (int c = 0; c < COLUMNS; c++) sum[j * COLUMNS + c] += weight * x[c];
        }
    }
    UNROLL for (int j = 0; j < groups * GROUP; j++) {
        UNROLL for (int c = 0; c < COLUMNS; c++) {
            const lanes x = sum[j * COLUMNS + c];
            STORE(out + (output + j) * BLOCK + c * LANES, x > 0 ? x : 0);
        }
    }
}

INLINE void dense(const nectar_serving_layer *layer, const float *in, float *out) {
    int32_t output = 0;
#if LANES == 16
    // Two groups at a time need 27 registers; only AVX-512 has as many.
    for (; output + 2 * GROUP <= layer->outputs; output += 2 * GROUP) dense_tile(2, layer, output, in, out);
#endif
    for (; output < layer->outputs; output += GROUP) dense_tile(1, layer, output, in, out);
}

INLINE void leave_tower(int32_t n, const float *weights, const float *in, int32_t count, float *scores) {
    lanes sum[COLUMNS];
    UNROLL for (int c = 0; c < COLUMNS; c++) sum[c] = 0;
    for (int32_t k = 0; k < n; k++, in += BLOCK) {
        UNROLL for (int c = 0; c < COLUMNS; c++) sum[c] += weights[k] * LOAD(in + c * LANES);
    }
    UNROLL for (int c = 0; c < COLUMNS; c++) {
        const int32_t some = count - c * LANES;
        if (some <= 0) return;
        lanes logits;
        if (some >= LANES) logits = LOAD(scores + c * LANES);
        else load_some(some, scores + c * LANES, &logits);
        logits += sum[c];
        store_some(some, &logits, scores + c * LANES);
    }
}

// All layers forward for one block, whose activations follow each other in `scratch`; where the last one's are.
INLINE float *climb(const nectar_serving_tower *tower, const row_table *rows, int32_t first, const float *shift,
                    float *scratch) {
    if (first + BLOCK <= rows->comfortable) enter_tower(rows, first, 0, shift, scratch);
    else enter_tower(rows, first, 1, shift, scratch);
    float *in = scratch;
    int32_t width = tower->half;
    for (int32_t l = 0; l < tower->layer_count; l++) {
        float *out = in + (int64_t)width * BLOCK;
        dense(&tower->layers[l], in, out);
        in = out;
        width = tower->layers[l].outputs;
    }
    return in;
}

INLINE int32_t top_width(const nectar_serving_tower *tower) {
    return tower->layer_count > 0 ? tower->layers[tower->layer_count - 1].outputs : tower->half;
}

static void add_tower(const nectar_serving_tower *tower, int32_t count, const float *restrict halves,
                      const float *restrict shift, float *restrict scratch, float *restrict scores) {
    row_table rows;
    make_rows(count, tower->half, halves, &rows);
    for (int32_t first = 0; first < count; first += BLOCK) {
        const float *top = climb(tower, &rows, first, shift, scratch);
        leave_tower(top_width(tower), tower->output_weights, top, count - first, scores + first);
    }
}

// in[k][i] = the sum over the layer's outputs of weight times delta where in[k][i] is positive, else 0.
INLINE void backward_tile(int height, const nectar_serving_layer *layer, int32_t input, const float *delta, float *in) {
    lanes sum[GROUP * COLUMNS];
    UNROLL for (int j = 0; j < height * COLUMNS; j++) sum[j] = 0;
    for (int32_t output = 0; output < layer->outputs; output++, delta += BLOCK) {
        const float *weights = layer->weights + (int64_t)(output / GROUP * GROUP) * layer->inputs + output % GROUP;
        UNROLL for (int j = 0; j < height; j++) {
            UNROLL for (int c = 0; c < COLUMNS; c++)
                sum[j * COLUMNS + c] += weights[(input + j) * GROUP] * LOAD(delta + c * LANES);
        }
    }
    UNROLL for (int j = 0; j < height; j++) {
        UNROLL for (int c = 0; c < COLUMNS; c++) {
            float *own = in + (input + j) * BLOCK + c * LANES;
            STORE(own, LOAD(own) > 0 ? sum[j * COLUMNS + c] : 0);
        }
    }
}

// From the activations at the top down to those of the first layer, which become the derivatives of the logit.
INLINE void descend(const nectar_serving_tower *tower, float *top) {
    for (int32_t k = 0; k < top_width(tower); k++) {
        UNROLL for (int c = 0; c < COLUMNS; c++) {
            float *own = top + k * BLOCK + c * LANES;
            const lanes weight = tower->output_weights[k];
            STORE(own, LOAD(own) > 0 ? weight : 0);
        }
    }
    for (int32_t l = tower->layer_count - 1; l >= 0; l--) {
        const nectar_serving_layer *layer = &tower->layers[l];
        float *in = top - (int64_t)(l > 0 ? tower->layers[l - 1].outputs : tower->half) * BLOCK;
        int32_t input = 0;
        for (; input + GROUP <= layer->inputs; input += GROUP) backward_tile(GROUP, layer, input, top, in);
        for (; input < layer->inputs; input++) backward_tile(1, layer, input, top, in);
        top = in;
    }
}

static void add_tower_with_gradients(const nectar_serving_tower *tower, int32_t count, const float *restrict halves,
                                     const float *restrict shift, float *restrict scratch, float *restrict scores,
                                     float *restrict gradients) {
    row_table rows;
    make_rows(count, tower->half, halves, &rows);
    for (int32_t first = 0; first < count; first += BLOCK) {
        float *top = climb(tower, &rows, first, shift, scratch);
        leave_tower(top_width(tower), tower->output_weights, top, count - first, scores + first);
        descend(tower, top);
        for (int32_t k = 0; k < tower->half; k++) {
            for (int32_t j = 0; j < BLOCK && first + j < count; j += LANES) {
                const lanes own = LOAD(scratch + k * BLOCK + j);
                store_some(count - first - j, &own, gradients + (int64_t)k * count + first + j);
            }
        }
    }
}
