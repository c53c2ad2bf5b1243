"""The small model of ratings of `EngineSpeed seed-model` in Keras: same shapes, batch, epochs and number of ratings."""

import argparse
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np


def ratings():
    """1,000 users with 100 items each; the rating falls with the distance on a circle."""
    random = np.random.default_rng(1)
    users = np.repeat(np.arange(1000, dtype=np.int32), 100)
    items = np.concatenate([random.permutation(1000)[:100] for _ in range(1000)]).astype(np.int32)
    distance = np.abs(users - items)
    return users, items, (5 - 4 * np.minimum(distance, 1000 - distance) / 500).astype(np.float32)


def model():
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    both = keras.layers.Concatenate()([keras.layers.Embedding(1000, 64)(user), keras.layers.Embedding(1000, 64)(item)])
    for size in (64, 32, 16):
        both = keras.layers.Dense(size, activation="relu")(both)
    model = keras.Model([user, item], keras.layers.Dense(1)(both))
    model.compile(optimizer="adam", loss="mse")
    return model


def limit_threads(threads):
    if keras.backend.backend() == "tensorflow":
        import tensorflow
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    limit_threads(options.threads)
    users, items, targets = ratings()
    net = model()
    started, spent = time.perf_counter(), time.process_time()
    history = net.fit([users, items], targets, batch_size=32, epochs=10, verbose=0).history["loss"]
    print(json.dumps({"seconds": time.perf_counter() - started,
                      "cpu_seconds": time.process_time() - spent, "first_loss": history[0], "last_loss": history[-1],
                      "version": keras.__version__, "backend": keras.backend.backend()}))


if __name__ == "__main__":
    main()
