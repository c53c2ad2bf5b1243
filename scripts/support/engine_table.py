"""The rows of the table of `scripts/bench engine`."""

import statistics


class Table:
    """Rows in the order of the table; each is printed as soon as it is there, since the run is long."""

    HEAD = "| measured | by | figure | made from | to reach |\n|---|---|---|---|---|"

    def __init__(self):
        self.rows, self.left_out = [], []

    def add(self, measured, by, figure, made_from, to_reach=""):
        row = f"| {measured} | {by} | {figure} | {made_from} | {to_reach} |"
        self.rows.append(row)
        print(row, flush=True)

    def leave_out(self, sentence):
        self.left_out.append(sentence)
        print(sentence, flush=True)

    def show(self):
        print("\n" + "\n".join([self.HEAD, *self.rows, "", *self.left_out]).rstrip())


def spread(values, form):
    """The least and the greatest without their unit, as in (1.2–1.4)."""
    def bare(value):
        return form(value).split()[0].rstrip("×")
    return f"({bare(min(values))}–{bare(max(values))})"


def median(values, form):
    return f"{form(statistics.median(values))} {spread(values, form)}"


def mean(values, form):
    return f"{form(statistics.fmean(values))} {spread(values, form)}"


def share(value):
    """Four digits without the zero before the point, as the papers have them."""
    return f"{value:.4f}".removeprefix("0")


def seconds(value):
    return f"{value:.1f} s"


def times(value):
    return f"{value:.1f}×"


def millions(value):
    return f"{value / 1e6:.2f} M"


def megabytes(value):
    return f"{value:,.0f} MB"


def microseconds(value):
    return f"{value:,.0f} µs"
