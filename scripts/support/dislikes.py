"""What dislikes are worth: ratings of 2 and less of MovieLens 100K as interactions of the kind "dislike".

    python3 scripts/support/dislikes.py .build/release/nectar data/ml-100k/ml-100k.inter WEIGHT OPTIONS…

A tenth of each user's rows is held out at random, liked ones and disliked ones; `nectar train OPTIONS` makes a model of the
rest in which a dislike counts WEIGHT, and the first ten recommendations to every user are looked at: how many users get
something that they went on to like, and how many something that they went on to dislike. Three seeds. A weight of 0.000001
is as good as leaving dislikes out of the learning, while they still hide what they are of.
"""

import csv
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

from nectar_server import Client, Server

LIMIT = 10


def split(path, seed):
    """The rows to train on, and of each user the items held out, by whether they were disliked."""
    generator = random.Random(seed)
    users = {}
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            user, item, rating, time = row.values()
            users.setdefault(user, []).append((item, float(rating) <= 2, int(float(time))))
    train, held = [], {user: {True: set(), False: set()} for user in users}
    for user, rows in users.items():
        for item, is_disliked, time in rows:
            if generator.random() < 0.1:
                held[user][is_disliked].add(item)
            else:
                kind = "dislike" if is_disliked else ""
                train.append({"user_id": user, "item_id": item, "kind": kind, "timestamp": time})
    return train, held


def lists(program, folder, train, seed, options, users):
    """What a model of `train` recommends to each of `users`."""
    rows = folder / "train.csv"
    with rows.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, train[0].keys())
        writer.writeheader()
        writer.writerows(train)
    data = folder / "data"
    subprocess.run([program, "import", "--data", data, rows], check=True, capture_output=True)
    subprocess.run(
        [program, "train", "--data", data, "--publish", "always", "--holdout", "none", "--early-stopping", "0"]
        + ["--no-yardstick", "--seed", str(seed)] + options, check=True, capture_output=True)
    with Server(program, data, folder / "log") as server:
        server.start()
        client = Client(server.url)
        answer = client.ask("POST", "/recommend", {"users": [{"user_id": user} for user in users], "limit": LIMIT})
        server.stop()
    return {result["user_id"]: {entry["item_id"] for entry in result["items"]} for result in answer["results"]}


def shares(found, held):
    """The share of users with something held out who get some of it: of what they liked, and of what they disliked."""
    def share(is_disliked):
        asked = [user for user in held if held[user][is_disliked]]
        return sum(bool(held[user][is_disliked] & found[user]) for user in asked) / len(asked)
    return share(False), share(True)


def main(program, path, weight, *options):
    os.environ["NECTAR_INTERACTIONS_KINDS"] = json.dumps({"dislike": {"weight": float(weight)}})
    figures = []
    for seed in (1, 2, 3):
        train, held = split(path, seed)
        with tempfile.TemporaryDirectory() as folder:
            found = lists(program, pathlib.Path(folder), train, seed, list(options), list(held))
        figures.append(shares(found, held))
    for name, values in zip(("liked", "disliked"), zip(*figures)):
        print(f"{name:9} in the first {LIMIT}: {statistics.mean(values):.4f} of users"
              f" ({min(values):.4f} to {max(values):.4f})")


if __name__ == "__main__":
    main(*sys.argv[1:])
