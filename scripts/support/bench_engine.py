"""The table of `scripts/bench engine`: Nectar's engine beside what people use, each in processes of its own."""

import argparse
import datetime
import os
import tempfile

import engine_quality
import engine_ratings
import engine_serving
import engine_training
from engine_programs import Programs, is_busy
from engine_table import Table

PARTS = ("quality", "speed", "seed", "serving", "ratings")


def options():
    parser = argparse.ArgumentParser(prog="scripts/bench engine", description=__doc__)
    parser.add_argument("built", help=argparse.SUPPRESS)
    parser.add_argument("python", help=argparse.SUPPRESS)
    parser.add_argument("--ml-1m", metavar="FOLDER", help="where " + ", ".join(engine_quality.FILES.values()) + " are")
    parser.add_argument("--ml-100k", metavar="FOLDER", default="data/ml-100k", help="fetched if it is not there")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of what is timed in turns")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer-seconds", type=float, default=60, help="of training for PyTorch and LightFM each")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="some parts of the table")
    return parser.parse_args()


def conditions(threads):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    waiting = "; others work here, so the peers' OpenMP waits passively" if is_busy() else ""
    print(f"{datetime.date.today()}, {threads} threads of {os.cpu_count()} cores ({model}), load {load}{waiting}", flush=True)


def main():
    chosen = options()
    table = Table()
    programs = Programs(chosen.built, chosen.python, chosen.threads, table)
    conditions(chosen.threads)
    if "quality" in chosen.only:
        split = engine_quality.split_in(chosen.ml_1m) if chosen.ml_1m else None
        if chosen.ml_1m and not split:
            raise SystemExit(f"{chosen.ml_1m} lacks one of {', '.join(engine_quality.FILES.values())} (plain or .gz)")
        if split:
            engine_quality.Quality(programs, table, split, chosen.peer_seconds).run()
        else:
            table.leave_out("The rows of MovieLens 1M are left out: its licence forbids carrying it here; "
                            "--ml-1m FOLDER says where it is.")
    with tempfile.TemporaryDirectory() as folder:
        if "speed" in chosen.only:
            engine_training.speed(programs, table, f"{folder}/made", chosen.rounds)
    if "seed" in chosen.only:
        engine_training.seed_model(programs, table, chosen.rounds)
    if "serving" in chosen.only:
        engine_serving.serving(programs, table, chosen.rounds)
    if "ratings" in chosen.only:
        engine_ratings.ratings(programs, table, engine_ratings.movies(chosen.python, chosen.ml_100k))
    conditions(chosen.threads)
    table.show()


if __name__ == "__main__":
    main()
