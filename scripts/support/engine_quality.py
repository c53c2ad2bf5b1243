"""MovieLens 1M in the NCF paper's split, for `scripts/bench engine`: what each model reaches, when, and in how much memory."""

import os
import re

from engine_table import mean, megabytes, median, seconds, share

TARGET = 0.72
SEEDS = (1, 2, 3)
FILES = {"--train-pairs": "ml-1m.train.pairs", "--held-out": "ml-1m.test.rating",
         "--held-out-negatives": "ml-1m.test.negative"}
NECTAR = {"mf": {"quality": "≥ .730 / .453, full ≥ .110", "seconds": "≤ 2 s"},
          "neumf": {"quality": "≥ .735 / .457, full ≥ .110", "seconds": "≤ 10 s"}}
MEASURED = "ML-1M: HR@10 / NDCG@10 of 99 given negatives, full catalogue HR@10"
REACHED = f"seconds of training to HR@10 ≥ {share(TARGET)}"
PEAK = "peak memory and CPU of a whole process: reading ML-1M, training, measuring"


def split_in(folder):
    """The options of `nectar evaluate` for the three files in `folder`, plain or gzip; nothing where one is missing."""
    options = []
    for option, name in FILES.items():
        found = [path for path in (f"{folder}/{name}", f"{folder}/{name}.gz") if os.path.exists(path)]
        if not found:
            return None
        options += [option, found[0]]
    return options


class Quality:
    def __init__(self, programs, table, split, peer_seconds):
        self.programs, self.table, self.split, self.peer_seconds = programs, table, split, peer_seconds
        # Rows that come after all rows of what was reached.
        self.reached, self.peaks = [], []

    def run(self):
        popularity = [self.nectar(architecture) for architecture in NECTAR][0]
        self.chosen()
        self.ease(popularity)
        for factors in (64, 128):
            self.als(factors)
        self.bounded("PyTorch NeuMF-8", "torch_neumf.py", "quality", "--seconds", self.peer_seconds)
        self.bounded("LightFM WARP 64", "lightfm_warp.py", "--seconds", self.peer_seconds)
        for row in self.reached + self.peaks:
            self.table.add(*row)

    def nectar(self, architecture):
        """The defaults' quality over the seeds; returns what was measured of popularity."""
        # Epochs as a training job finds them: on a part of the training pairs, and then once more on all of them.
        runs = [self.programs.evaluate(self.split, "--architecture", architecture, "--validate", "--seed", seed)
                for seed in SEEDS]
        took = median([trained for _, trained, _ in runs], seconds)
        self.quality(f"Nectar `{architecture}`", [figures["model"] for figures, _, _ in runs],
                     f"mean of seeds {SEEDS[0]}–{SEEDS[-1]}, the defaults, epochs found on training pairs; trained in {took}",
                     NECTAR[architecture]["quality"])
        self.peak(f"Nectar `{architecture}`", [finished for _, _, finished in runs], "≤ 200 MB")
        curves = [self.programs.engine_speed(
            "time-to-quality", *self.split, "--architecture", architecture, "--target", TARGET,
            "--threads", self.programs.threads)["curve"] for _ in SEEDS]
        self.time(f"Nectar `{architecture}`", curves, NECTAR[architecture]["seconds"], "epoch", first=0)
        return runs[0][0]["popularity"]

    def chosen(self):
        """What the engine chooses on the training pairs when nothing is said about the model, over the seeds."""
        runs = [self.programs.evaluate(self.split, "--objective", "implicit", "--seed", seed) for seed in SEEDS]
        searched = [float(re.search(r"^Chosen after \d+ trials in ([\d.]+) s", finished.output + finished.errors, re.M)[1])
                    for _, _, finished in runs]
        who = "Nectar, settings chosen by itself"
        self.quality(who, [figures["model"] for figures, _, _ in runs],
                     f"mean of seeds {SEEDS[0]}–{SEEDS[-1]}, nothing said but the objective; chosen on holdouts of the training pairs in "
                     f"{median(searched, seconds)}, trained in {median([trained for _, trained, _ in runs], seconds)}",
                     NECTAR["mf"]["quality"])
        self.peak(who, [finished for _, _, finished in runs])

    def ease(self, popularity):
        answer, finished = self.programs.peer("EASE", "ease.py", *self.split)
        if answer is None:
            return
        apart = {name: abs(answer["popularity"][name] - value) for name, value in popularity.items()}
        if max(apart.values()) > 0.00006:
            raise SystemExit(f"Nectar and the peers count differently: popularity is {apart} apart")
        self.quality("EASE, numpy", [answer], f"1 run (it has no chance in it), in {seconds(answer['seconds'])}")
        self.peak("EASE, numpy", [finished])

    def als(self, factors):
        who = f"implicit ALS {factors}"
        runs = [self.programs.peer(who, "implicit_als.py", "--factors", factors, "quality", *self.split, "--seed", seed)
                for seed in SEEDS]
        if any(answer is None for answer, _ in runs):
            return
        took = median([answer["seconds"] for answer, _ in runs], seconds)
        self.quality(who, [answer for answer, _ in runs], f"mean of seeds {SEEDS[0]}–{SEEDS[-1]}; trained in {took}")
        self.peak(who, [finished for _, finished in runs])
        curves = [self.programs.peer(who, "implicit_als.py", "--factors", factors, "quality", *self.split, "--curve")[0]
                  for _ in SEEDS]
        self.time(who, [answer["curve"] for answer in curves if answer], "", "sweep")

    def bounded(self, who, *command):
        """A peer that takes long: one run, cut off after the epoch in which its time is over."""
        program, *arguments = command
        at = 1 if arguments[0] == "quality" else 0
        answer, finished = self.programs.peer(who, program, *arguments[:at], *self.split, *arguments[at:])
        if answer is None:
            return
        self.quality(who, [answer], f"1 run, {answer['epochs']} epochs in {seconds(answer['seconds'])}")
        self.peak(who, [finished])
        self.time(who, [answer["curve"]], "", "epoch")

    def quality(self, who, answers, made_from, to_reach=""):
        parts = {name: [answer[name] for answer in answers] for name in ("hr", "ndcg", "full_hr")}
        cells = {name: mean(values, share) if len(values) > 1 else share(values[0]) for name, values in parts.items()}
        self.table.add(MEASURED, who, f"{cells['hr']} / {cells['ndcg']}, full {cells['full_hr']}", made_from, to_reach)

    def time(self, who, curves, to_reach, step, first=1):
        """When each curve first reaches the target, or the best it came to."""
        points = [next(((clock, cpu, number) for number, (clock, cpu, rate) in enumerate(curve, first)
                        if rate >= TARGET), None) for curve in curves]
        if curves and all(points):
            steps = "/".join(str(number) for number in sorted({number for *_, number in points}))
            figure = f"{several([at for at, *_ in points], seconds)}, {several([cpu for _, cpu, _ in points], seconds)} of CPU"
            made_from = f"{runs(points)}, {step} {steps}"
        else:
            best = max((rate for curve in curves for *_, rate in curve), default=0)
            figure = f"not within {seconds(max((curve[-1][0] for curve in curves), default=0))} (best {share(best)})"
            made_from = runs(curves)
        self.reached.append((REACHED, who, figure, made_from, to_reach))

    def peak(self, who, processes, to_reach=""):
        figure = (f"{several([process.peak_megabytes for process in processes], megabytes)}, "
                  f"{several([process.cpu_seconds for process in processes], seconds)} of CPU")
        self.peaks.append((PEAK, who, figure, runs(processes), to_reach))


def several(values, form):
    return median(values, form) if len(values) > 1 else form(values[0])


def runs(some):
    return f"{len(some)} runs" if len(some) > 1 else "1 run"
