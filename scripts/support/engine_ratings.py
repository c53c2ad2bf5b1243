"""MovieLens 100K, for `scripts/bench engine`: the error of predicted ratings on a random tenth."""

import pathlib
import subprocess
import tempfile

import movielens
from engine_table import mean

MEASURED = "MovieLens 100K, random 90/10, RMSE"


def ratings(programs, table, folder):
    for architecture in ("mf", "neumf"):
        answer = programs.engine_speed("rating-errors", "--from", folder, "--architecture", architecture, "--seeds", 5,
                                       "--threads", programs.threads)
        epochs = "/".join(str(number) for number in answer["epochs"])
        table.add(MEASURED, f"Nectar `{architecture}`", mean(answer["rmse"], "{:.4f}".format),
                  f"mean of 5 splits, the defaults, {epochs} epochs", "≤ .905")
    table.add(MEASURED, "the items' means", mean(answer["item_means"], "{:.4f}".format), "the same splits")


def movies(python, folder):
    """MovieLens 100K in `folder`, out of RecBole's wheel where it is not there yet."""
    folder = pathlib.Path(folder)
    if not (folder / "ml-100k.inter").exists():
        with tempfile.TemporaryDirectory() as download:
            subprocess.run([python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
                            "--dest", download, "recbole==1.2.1"], check=True)
            movielens.main(next(pathlib.Path(download).glob("*.whl")), folder)
    return folder
