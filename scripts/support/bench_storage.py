"""The table of `scripts/bench storage`: what the record costs to write, to read and to start with.

The data are made by `nectar generate` from a fixed seed. Every figure is the median of its rounds, with the least and the
most; what is a ratio was measured in turns, in one run.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import measured_process
from nectar_server import Client, Server

CONNECTIONS = 64
POST_SCRIPT = """
local number = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
    number = number + 1
    local body = string.format('{"user_id": "u%d", "item_id": "i%d", "rating": 4}', number % 1000, number % 777)
    return wrk.format("POST", "/interactions", nil, body)
end
"""


def spread(figures, form="{:,.0f}"):
    """`median (least–most)`."""
    text = form.format(statistics.median(figures))
    return f"{text} ({form.format(min(figures))}–{form.format(max(figures))})" if len(figures) > 1 else text


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, pathlib.Path(folder)
        self.nectar, self.speed = f"{options.built}/nectar", f"{options.built}/StorageSpeed"
        self.client = f"{options.built}/post_interactions"

    def run(self, command, limit=1800):
        finished = measured_process.run([str(each) for each in command], limit=limit)
        if finished.status != 0:
            raise SystemExit(f"{' '.join(map(str, command))} ended with {finished.status}: {finished.errors}")
        return finished

    def measure(self, *arguments):
        return json.loads(self.run([self.speed, *arguments]).output)

    def add(self, what, figure, goal="", is_met=True):
        reached = ("yes" if is_met else "no") if goal else ""
        print(f"| {what} | {figure} | {goal} | {reached} |", flush=True)

    # Durable writes

    def posts(self, load):
        """POSTs a second, and the server's CPU time for each in microseconds; `load` is told the server's port."""
        data = self.folder / "posts"
        with Server(self.nectar, data, self.folder / "server.log") as server:
            server.start()
            before = server.cpu_seconds()
            output = self.run(load(server.port)).output
            spent = server.cpu_seconds() - before
            figures = re.search(r"(\d+) requests in ([\d.]+)( ?s|m)", output)
            if not figures or figures[1] == "0" or re.search(r"Non-2xx|Socket errors: .*[1-9]", output):
                raise SystemExit(output)
            answered, seconds = int(figures[1]), float(figures[2]) * (60 if figures[3] == "m" else 1)
            client = Client(server.url)
            stored = client.ask("GET", "/healthz")["store"]["interactions"]
            client.close()
            # What was under way when wrk left may be stored too.
            if not answered <= stored <= answered + CONNECTIONS:
                raise SystemExit(f"{answered} requests were answered and {stored} interactions are stored")
            server.stop()
        shutil.rmtree(data)
        return answered / seconds, spent / answered * 1e6

    def by_client(self, port):
        return [self.client, str(port), str(self.options.seconds), str(CONNECTIONS)]

    def by_wrk(self, port):
        script = self.folder / "post.lua"
        script.write_text(POST_SCRIPT)
        return ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{self.options.seconds}s", "-s", script, f"http://127.0.0.1:{port}/"]

    def commits(self):
        rate = self.measure("commits", self.folder / "commits.sqlite", "--seconds", self.options.seconds)["per_second"]
        for path in self.folder.glob("commits.sqlite*"):
            path.unlink()
        return rate

    def durable_writes(self):
        rounds = [(self.commits(), self.posts(self.by_client), self.posts(self.by_wrk)) for _ in range(self.options.rounds)]
        commits, posts, by_wrk = zip(*rounds)
        self.add("ungrouped commits of one interaction, per second", spread(commits))
        self.add(f"durable POSTs of one interaction, {CONNECTIONS} connections, per second", spread([rate for rate, _ in posts]))
        ratios = [rate / commit for (rate, _), commit in zip(posts, commits)]
        self.add("the same × ungrouped commits, round by round", spread(ratios, "{:.1f}"), "10", statistics.median(ratios) >= 10)
        self.add("the server's CPU for one of them, µs", spread([cpu for _, cpu in posts], "{:.1f}"))
        self.add("the POSTs where wrk makes them, which takes more of the cores itself, per second",
                 spread([rate for rate, _ in by_wrk]))
        ratios = [rate / commit for (rate, _), commit in zip(by_wrk, commits)]
        self.add("those of wrk × ungrouped commits, round by round", spread(ratios, "{:.1f}"))

    # Many rows

    def made(self, name, *more):
        folder = self.folder / name
        self.run([self.nectar, "generate", "--users", "200000", "--items", "50000", "--interactions",
                  self.options.rows, "--format", "ndjson", *more, folder])
        return folder

    def imports(self, made):
        seconds, cpu, peaks = [], [], []
        data = self.folder / "data"
        for _ in range(self.options.imports):
            shutil.rmtree(data, ignore_errors=True)
            finished = self.run([self.nectar, "import", "--data", data, made])
            if f"Stored {self.options.rows} interactions" not in finished.output:
                raise SystemExit(finished.output)
            seconds.append(finished.seconds)
            cpu.append(finished.cpu_seconds)
            peaks.append(finished.peak_megabytes)
        rates = [self.options.rows / each / 1000 for each in seconds]
        size = (made / "interactions.ndjson").stat().st_size / 1e6
        self.add(f"NDJSON import of {self.options.rows:,} rows ({size:,.0f} MB), thousand rows/s", spread(rates), "400",
                 statistics.median(rates) >= 400)
        self.add("its CPU seconds, all threads", spread(cpu, "{:.1f}"))
        self.add("its peak memory, MB", spread(peaks, "{:.1f}"), "100", max(peaks) <= 100)
        return data

    def scans(self, data):
        figures = [self.measure("scan", data / "nectar.sqlite") for _ in range(self.options.rounds)]
        if any(each["rows"] != self.options.rows for each in figures):
            raise SystemExit("a scan did not read every row")
        rates = [each["per_second"] / 1e6 for each in figures]
        self.add("scan for training, million rows/s", spread(rates, "{:.2f}"), "5", statistics.median(rates) >= 5)
        self.add("the same for a CPU second", spread([each["per_cpu_second"] / 1e6 for each in figures], "{:.2f}"))

    def starts(self, data):
        seconds = []
        for _ in range(self.options.rounds):
            with Server(self.nectar, data, self.folder / "server.log") as server:
                started = time.perf_counter()
                server.start(seconds=120)
                client = Client(server.url)
                while client.send("GET", "/readyz").status != 200:
                    time.sleep(0.01)
                seconds.append(time.perf_counter() - started)
                client.close()
                server.stop()
        self.add(f"start with {self.options.rows:,} interactions until ready, s", spread(seconds, "{:.2f}"), "3",
                 statistics.median(seconds) <= 3)

    def decoding(self, made):
        for name, more in (("NDJSON", []), ("a JSON document of 15 MB", ["--document"])):
            figures = [self.measure("decode", made / "interactions.ndjson", *more) for _ in range(self.options.rounds)]
            rates = [each["megabytes_per_second"] for each in figures]
            self.add(f"{name} to typed interactions, MB/s", spread(rates), "300", statistics.median(rates) >= 300)
            self.add("the same for a CPU second", spread([each["megabytes_per_cpu_second"] for each in figures]))

    # Faults

    def faults(self, made):
        """A file with faults of every sort: each is reported with its line, and exactly the good rows are in."""
        bad = self.made("bad", "--faults", "0.01")
        data, report = self.folder / "data", self.folder / "found.ndjson"
        shutil.rmtree(data, ignore_errors=True)
        finished = self.run([self.nectar, "import", "--data", data, "--partial", "--faults-to", report, bad])
        with open(bad / "faults.csv") as planted, open(report) as found:
            next(planted)
            count = 0
            for count, line in enumerate(planted, 1):
                if json.loads(next(found, "{}")).get("line") != int(line.split(",")[0]):
                    raise SystemExit(f"fault {count} was not reported: {line}")
            if next(found, None) is not None:
                raise SystemExit("more faults were reported than there are")
        self.run([self.nectar, "export", "--data", data, self.folder / "out"])
        same = subprocess.run(["cmp", self.folder / "out/interactions.ndjson", made / "interactions.ndjson"], check=False)
        self.add(f"{count:,} faults among {self.options.rows + count:,} rows reported with their line, the good rows exported as the same bytes",
                 "all" if same.returncode == 0 else "the rows differ", "all", same.returncode == 0)
        self.add("that import with --partial, thousand rows/s", f"{self.options.rows / finished.seconds / 1000:,.0f}")
        self.add("its peak memory, MB", f"{finished.peak_megabytes:.1f}", "100", finished.peak_megabytes <= 100)
        shutil.rmtree(bad)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench storage", description=__doc__)
    parser.add_argument("built", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=10_000_000, help="interactions of the large store")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--imports", type=int, default=3, help="rounds of the import")
    parser.add_argument("--seconds", type=int, default=2, help="how long a round of writes takes")
    parser.add_argument("--folder", help="where the files go, about 300 bytes a row; by default beside the build")
    options = parser.parse_args()
    place = options.folder or ".build-bench-storage"
    os.makedirs(place, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        bench = Bench(options, folder)
        print(f"{options.rows:,} rows, medians (least–most) of {options.rounds} rounds, {options.imports} imports:\n")
        print("| | found | to reach | reached |\n|---|---|---|---|")
        bench.durable_writes()
        made = bench.made("made")
        bench.decoding(made)
        data = bench.imports(made)
        bench.scans(data)
        bench.starts(data)
        bench.faults(made)


if __name__ == "__main__":
    main()
