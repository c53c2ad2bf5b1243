"""The most floating-point operations a second that a product of two matrices gets here, by numpy's own OpenBLAS."""

import argparse
import json
import time

import numpy as np
import threadpoolctl

SIZE = 2048


def gflops(threads, rounds):
    a = np.random.default_rng(1).random((SIZE, SIZE), dtype=np.float32)
    c = np.empty_like(a)
    best = float("inf")
    with threadpoolctl.threadpool_limits(threads):
        for _ in range(rounds):
            started = time.perf_counter()
            np.matmul(a, a, out=c)
            best = min(best, time.perf_counter() - started)
    return 2 * SIZE ** 3 / best / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    print(json.dumps({"one_thread": gflops(1, options.rounds), "all": gflops(options.threads, options.rounds),
                      "kernels": [pool["architecture"] for pool in threadpoolctl.threadpool_info()
                                  if pool["internal_api"] == "openblas"]}))


if __name__ == "__main__":
    main()
