"""Alternating least squares of the package `implicit`: what it reaches, and how long one user's top 10 takes.

Confidence and regularisation were chosen on a holdout of the training pairs (one of each user at random), as Nectar's
defaults were: NDCG@10 among 99 negatives, alpha 1 to 8, regularisation .01 to 100, 64 and 128 factors.
"""

import argparse
import json
import statistics
import time

import implicit.als
import numpy as np
import scipy.sparse

import ncf_split
from training_clock import TrainingClock

SETTINGS = {"alpha": 4, "regularization": 30, "iterations": 15}


def quality(options):
    split = ncf_split.split_of(options)
    model = implicit.als.AlternatingLeastSquares(
        factors=options.factors, num_threads=options.threads, random_state=options.seed, **SETTINGS)
    matrix = split.matrix()

    def score(users):
        return model.user_factors[users] @ model.item_factors.T

    clock = TrainingClock()
    note = (lambda *_: clock.note(lambda: split.measure(score)["hr"])) if options.curve else None
    model.fit(matrix, show_progress=False, callback=note)
    return {"seconds": clock.seconds(), "curve": clock.curve} | split.measure(score)


def serving(options):
    """Microseconds for one of 200 users who have seen about 160 of 3,706 items; random factors."""
    random = np.random.default_rng(1)
    users, items = 200, 3706
    model = implicit.als.AlternatingLeastSquares(factors=options.factors, num_threads=1)
    model.user_factors = random.normal(size=(users, options.factors)).astype(np.float32)
    model.item_factors = random.normal(size=(items, options.factors)).astype(np.float32)
    seen = scipy.sparse.csr_matrix((random.random((users, items)) < 160 / items).astype(np.float32))
    rows = [seen[user] for user in range(users)]
    times = []
    for request in range(200 + options.requests):
        started = time.perf_counter()
        model.recommend(request % users, rows[request % users], N=10)
        times.append((time.perf_counter() - started) * 1e6)
    return {"microseconds": statistics.median(times[200:])}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factors", type=int, default=64)
    kinds = parser.add_subparsers(required=True)
    one = kinds.add_parser("quality")
    ncf_split.split_options(one)
    one.add_argument("--threads", type=int, default=2)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--curve", action="store_true", help="measure after every iteration")
    one.set_defaults(run=quality)
    one = kinds.add_parser("serving")
    one.add_argument("--requests", type=int, default=2000)
    one.set_defaults(run=serving)
    options = parser.parse_args()
    print(json.dumps(options.run(options)))


if __name__ == "__main__":
    main()
