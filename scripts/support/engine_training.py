"""How fast Nectar trains beside PyTorch and Keras, for `scripts/bench engine`; they take turns, and ratios are of one round."""

import statistics

from engine_table import median, millions, seconds, times

# Multiply-adds of one sample through NeuMF-8: the tower 64-32-16-8, and 16 outputs. Two operations each, forward once, and
# backward to inputs and weights.
OPERATIONS_PER_SAMPLE = 3 * 2 * (64 * 32 + 32 * 16 + 16 * 8 + 16)
# What the ratio has to be at each batch.
BATCHES = {4096: "≥ 10×", 256: "≥ 40×"}


def speed(programs, table, folder, rounds):
    """NeuMF-8 on made-up data of the size of ML-1M."""
    programs.nectar("nectar", "generate", folder, "--users", 6040, "--items", 3706, "--interactions", 1_000_000)
    peak, _ = programs.peer("The sgemm peak", "sgemm_peak.py", "--threads", programs.threads)
    for batch, to_reach in BATCHES.items():
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(programs.engine_speed("training-speed", "--from", folder, "--batch-size", batch,
                                              "--threads", programs.threads))
            theirs.append(programs.peer("PyTorch's speed", "torch_neumf.py", "--threads", programs.threads,
                                        "--batch-size", batch, "speed", f"{folder}/interactions.csv")[0])
        rows(table, batch, ours, theirs, to_reach)
        if peak:
            share_of_peak(table, batch, ours, peak)


def rows(table, batch, ours, theirs, to_reach):
    made_from = f"{len(ours)} rounds in turns, made-up data"
    for unit, name in (("samples/s", "samples_per_second"), ("samples/s of CPU", "samples_per_cpu_second")):
        measured = f"NeuMF-8, batch {batch:,}, {unit}"
        table.add(measured, "Nectar", median([our[name] for our in ours], millions), made_from)
        if None not in theirs:
            table.add(measured, "PyTorch", median([their[name] for their in theirs], millions), made_from)
            ratios = [our[name] / their[name] for our, their in zip(ours, theirs)]
            table.add(measured, "Nectar : PyTorch", median(ratios, times), "round by round", to_reach)


def share_of_peak(table, batch, ours, peak):
    """By CPU time, since a core that others use too reaches no peak."""
    reached = statistics.median([our["samples_per_cpu_second"] for our in ours]) * OPERATIONS_PER_SAMPLE / 1e9
    table.add(f"NeuMF-8, batch {batch:,}, of the sgemm peak", "Nectar",
              f"{reached / peak['one_thread']:.0%}, {reached:.0f} of {peak['one_thread']:.0f} GFLOP/s a core",
              f"{OPERATIONS_PER_SAMPLE:,} operations a sample; the best of 10 products of 2,048² matrices by numpy's "
              f"OpenBLAS ({', '.join(peak['kernels'])}; both threads {peak['all']:.0f})")


def seed_model(programs, table, rounds):
    """A small model in small steps, where a library's own work for each step is what counts."""
    measured = "1,000 × 1,000, embeddings of 64, dense 64-32-16-1, batch 32, 10 epochs of 100k ratings, MSE"
    ours = [programs.engine_speed("seed-model", "--threads", programs.threads) for _ in range(rounds)]
    took, spent = ([our[name] for our in ours] for name in ("seconds", "cpu_seconds"))
    table.add(measured, "Nectar", f"{median(took, seconds)}, {median(spent, seconds)} of CPU", f"{rounds} runs")
    answer, _ = programs.peer("Keras", "keras_seed.py", "--threads", programs.threads)
    if answer:
        table.add(measured, f"Keras {answer['version']} on {answer['backend']}",
                  f"{seconds(answer['seconds'])}, {seconds(answer['cpu_seconds'])} of CPU", "1 run")
        clock, cpu = answer["seconds"] / statistics.median(took), answer["cpu_seconds"] / statistics.median(spent)
        table.add(measured, "Nectar : Keras", f"{times(clock)}, {times(cpu)} of CPU", "of the medians", "≥ 50×")
