"""EASE (Steck 2019), the item-item regression in closed form, in numpy; and popularity, to see that all count alike."""

import argparse
import json

import numpy as np

import ncf_split
from training_clock import TrainingClock

# Chosen on a holdout of the training pairs among 200, 500, 1000 and 2000.
REGULARIZATION = 1000


def weights(matrix):
    gram = (matrix.T @ matrix).toarray()
    gram[np.diag_indices_from(gram)] += REGULARIZATION
    inverse = np.linalg.inv(gram)
    answer = inverse / -np.diag(inverse)
    np.fill_diagonal(answer, 0)
    return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    ncf_split.split_options(parser)
    split = ncf_split.split_of(parser.parse_args())
    matrix = split.matrix()
    clock = TrainingClock()
    items = weights(matrix)
    seconds = clock.seconds()
    popularity = np.asarray(matrix.sum(axis=0))
    print(json.dumps(
        {"seconds": seconds, "popularity": split.measure(lambda users: np.repeat(popularity, len(users), axis=0))}
        | split.measure(lambda users: matrix[users] @ items)))


if __name__ == "__main__":
    main()
