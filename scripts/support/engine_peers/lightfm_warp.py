"""LightFM with its WARP loss and 64 components, epoch by epoch, within a bounded time."""

import argparse
import json

from lightfm import LightFM

import ncf_split
from training_clock import TrainingClock


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    ncf_split.split_options(parser)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    split = ncf_split.split_of(options)
    matrix = split.matrix().tocoo()
    model = LightFM(no_components=64, loss="warp", random_state=1)

    def score(users):
        item_bias, items = model.get_item_representations()
        return model.get_user_representations()[1][users] @ items.T + item_bias

    clock = TrainingClock()
    while len(clock.curve) < options.epochs and clock.seconds() < options.seconds:
        model.fit_partial(matrix, epochs=1, num_threads=options.threads)
        clock.note(lambda: split.measure(score)["hr"])
    print(json.dumps({"seconds": clock.curve[-1][0], "epochs": len(clock.curve), "curve": clock.curve}
                     | split.measure(score)))


if __name__ == "__main__":
    main()
