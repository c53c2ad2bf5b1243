"""Starts Nectar's programs and those of the peers for `scripts/bench engine`, and reads what they print."""

import functools
import json
import os
import pathlib
import re

import measured_process

PEERS = pathlib.Path(__file__).parent / "engine_peers"


class Programs:
    def __init__(self, built, python, threads, table):
        self.built, self.python, self.threads, self.table = built, python, threads, table

    def nectar(self, program, *arguments, core=None):
        """Runs one of the programs built here; a failure ends the run."""
        finished = measured_process.run([f"{self.built}/{program}", *map(str, arguments)], own_environment(), core)
        if finished.status != 0:
            raise SystemExit(f"{program} {arguments[0] if arguments else ''} ended with {finished.status}:\n"
                             f"{finished.errors[-2000:]}")
        return finished

    def engine_speed(self, *arguments):
        return json.loads(self.nectar("EngineSpeed", *arguments).output)

    def evaluate(self, split, *arguments):
        """`nectar evaluate` on a prescribed split: what it measured, its seconds of training, and the finished process."""
        command = ["nectar", "evaluate", *split, "--threads", self.threads, *arguments]
        # Where the command trains a yardstick beside the model and draws intervals, neither is to be timed here.
        if "--no-yardstick" in self.nectar("nectar", "evaluate", "--help").output:
            command += ["--json", "--no-yardstick", "--resamples", 0]
        finished = self.nectar(*command)
        lines = (finished.output + finished.errors).splitlines()
        trained = [float(found[1]) for line in lines if (found := re.search(r"^(?:closed form|epoch).* ([\d.]+) s\b", line))]
        return evaluation(finished.output), sum(trained), finished

    def peer(self, who, program, *arguments, threads=None, core=None):
        """Runs a peer's program: what it measured, and the finished process; nothing, and a sentence, where it fails."""
        finished = measured_process.run(
            [self.python, PEERS / program, *map(str, arguments)], environment(threads or self.threads), core)
        if finished.status != 0:
            reason = (finished.errors.strip().splitlines() or ["no word"])[-1]
            self.table.leave_out(f"{who} is left out: {program} ended with {finished.status}, {reason}")
            return None, finished
        return json.loads(finished.output.splitlines()[-1]), finished


def own_environment():
    """What everybody runs with: each copy of OpenBLAS chooses its kernels itself, whatever is said here."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def environment(threads):
    """What the peers run with.

    Where others have the cores too, OpenMP's threads must not spin while they wait for each other: PyTorch then is ten
    times slower.
    """
    kept = own_environment()
    if is_busy():
        kept["OMP_WAIT_POLICY"] = "PASSIVE"
    return kept | {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@functools.cache
def is_busy():
    """Whether others worked here when this run began."""
    return os.getloadavg()[1] > os.cpu_count() / 2


def evaluation(text):
    """HR@10 and NDCG@10 of the model and of popularity from what `nectar evaluate` prints, JSON or a table."""
    if text.lstrip().startswith("{"):
        report = json.loads(text)
        return {who: measures(report[who]["sampled"]) | {"full_" + name: value for name, value
                                                         in measures(report[who]["full_catalogue"]).items()}
                for who in ("model", "popularity")}
    rows = re.findall(r"^\w+ +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$", text, re.M)
    if len(rows) != 2:
        raise SystemExit(f"nectar evaluate printed no table of two rows:\n{text[-2000:]}")
    names = ("hr", "ndcg", "full_hr", "full_ndcg")
    return {who: dict(zip(names, map(float, row))) for who, row in zip(("model", "popularity"), rows)}


def measures(metrics):
    return {"hr": metrics["hit_rate_at_10"], "ndcg": metrics["ndcg_at_10"]}
