// All of serving's kernels, for the instruction set of the including file: no guard, for each file is another one.

#include "ServingVectors.h"

#include "ServingScores.h"

#include "ServingTower.h"

#include "ServingEquations.h"

#define SERVING_KERNELS                                                                                               \
    {                                                                                                                 \
        .score = score, .score_users = score_users, .bound = bound, .add_tower = add_tower,                           \
        .add_tower_with_gradients = add_tower_with_gradients, .cosines = cosines, .reaching = reaching,               \
        .user_half = user_half, .add_gram = add_gram, .solve = solve,                                                 \
    }
