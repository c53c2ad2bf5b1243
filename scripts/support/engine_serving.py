"""What one user's exact top 10 takes, for `scripts/bench engine`: one core, inside the process, random models."""

import re
import statistics

from engine_table import median, microseconds

CORE = 1
SMALL = "one user's top 10 of 3,706, p50"
RATIO = "its ratio to reading, round by round"
LARGE = "one user's top 10 of 1M, `mf` 64, p50"


def serving(programs, table, rounds):
    """Rounds in turns; each figure is the median of the rounds' medians."""
    ours, theirs = {}, {}
    for _ in range(rounds):
        for name, value in serving_speed(programs).items():
            ours.setdefault(name, []).append(value)
        als, _ = programs.peer("implicit's answer", "implicit_als.py", "--factors", 64, "serving", threads=1, core=CORE)
        torch, _ = programs.peer("PyTorch's answer", "torch_neumf.py", "--threads", 1, "serving", threads=1, core=CORE)
        for name, value in {"als": (als or {}).get("microseconds"), **(torch or {})}.items():
            if value is not None:
                theirs.setdefault(name, []).append(value)

    def row(measured, by, values, to_reach=""):
        if values:
            table.add(measured, by, median(values, microseconds), f"{len(values)} rounds in turns", to_reach)

    row(SMALL, "Nectar `mf` 64", ours["mf 64, 3,706 items, top 10"], "≤ 20 µs")
    row(SMALL, "implicit ALS 64", theirs.get("als"))
    row(SMALL, "Nectar NeuMF-8", ours["NeuMF-8, 3,706 items, top 10"], "≤ 80 µs")
    row(SMALL, "PyTorch NeuMF-8", theirs.get("whole"))
    row(SMALL, "PyTorch NeuMF-8, the items' half of the first layer kept ready", theirs.get("ready"))
    large, reading = ours["mf 64, 1M items, top 10"], ours["reading 256 MB"]
    row(LARGE, "Nectar", large)
    row(LARGE, "adding up the table's 256 MB", reading)
    # Where ServingSpeed lets the two take turns, its own ratios are of one moment; those of medians are of a minute.
    ratios = ours.get(RATIO) or [one / other for one, other in zip(large, reading)]
    table.add(LARGE, "Nectar : reading", f"{statistics.median(ratios):.2f}× ({min(ratios):.2f}–{max(ratios):.2f})",
              "round by round", "≤ 1.15×")


def serving_speed(programs):
    """The medians that ServingSpeed prints, in µs, by the name before the colon."""
    output = programs.nectar("ServingSpeed", core=CORE).output
    return {name: float(value) for name, value in re.findall(r"^(.+?): ([\d.]+) \(", output, re.M)}
