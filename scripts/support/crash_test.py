"""Kills a server under mixed load, again and again, and compares what is there with what it had acknowledged. See scripts/crash-test."""

import argparse
import collections
import http.client
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from crash_checks import Store, erased_in_store_files, faults_of_erasures, faults_of_files, faults_of_pairs
from crash_load import ITEMS, Backups, Catalogue, Erasures, Interactions, Models, People, Record, Trainings
from nectar_server import Client, Refused, Server

# Long enough that all of the load is in full swing, short enough that a round takes a few seconds.
SHORTEST_FLOOD, LONGEST_FLOOD = 0.1, 2.0
# Every so many rounds the data begin anew, or trainings would soon take longer than a round.
ROUNDS_OF_A_FOLDER = 25
FORMS = ("single", "single", "batch", "upload", "partial", "refused")


class Folder:
    """One data folder, and what must be true of it over all its rounds."""

    def __init__(self, program, path):
        self.data = path / "data"
        self.program = program
        self.server = Server(program, self.data, path / "log")
        self.people, self.models = People(), Models()
        self.title = None
        self.pairs = set()  # all that were acknowledged, of all rounds
        self.last_row = 0


class Round:
    """A flood, a kill, and what is found afterwards."""

    def __init__(self, folder, number, seed):
        self.folder, self.number = folder, number
        self.seed = f"{seed}/{number}"
        self.random = random.Random(self.seed)
        self.record = Record()
        self.faults = []
        self.counts = collections.Counter()

    def run(self):
        server = self.folder.server
        if self.number % 4 == 0:
            self.import_killed()
        server.start()
        self.make_threads(server.url)
        for thread in self.threads:
            thread.start()
        time.sleep(self.random.uniform(SHORTEST_FLOOD, LONGEST_FLOOD))
        server.kill()
        for thread in self.threads:
            thread.join(timeout=60)
        self.faults += [f"{thread.name}: {thread.fault}" for thread in self.threads if thread.fault]
        self.kill_starts()
        server.start()
        client = Client(server.url)
        self.check(client)
        self.repeat(client)
        self.check_again(client)
        client.close()
        server.kill()

    def make_threads(self, url):
        folder, name = self.folder, f"r{self.number}"
        seeds = [self.random.getrandbits(64) for _ in range(len(FORMS) + 4)]
        self.threads = [
            Interactions(url, f"{name}-{form}{number}", seeds[number], self.record, form)
            for number, form in enumerate(FORMS)
        ]
        self.erasures = Erasures(url, f"{name}-person", seeds[-4], folder.people)
        self.trainings = Trainings(url, f"{name}-training", seeds[-3], folder.models)
        self.backups = Backups(url, f"{name}-backup", seeds[-2])
        self.catalogue = Catalogue(url, f"{name}-catalogue", seeds[-1], self.record)
        self.threads += [self.erasures, self.trainings, self.backups, self.catalogue]

    def kill_starts(self):
        """A start may be cut off as well, and the next one after it."""
        while self.random.random() < 0.3:
            self.counts["starts"] += 1
            self.folder.server.begin()
            time.sleep(self.random.uniform(0, 0.3))
            self.folder.server.kill()

    def import_killed(self):
        """`nectar import` of rows that have names, killed, and then once more to its end."""
        pairs = [(f"r{self.number}-import-{number // ITEMS}", f"i{number % ITEMS}") for number in range(30_000)]
        path = self.folder.data.parent / "import.csv"
        rows = "".join(f"{user},{item},{user}/{item}\n" for user, item in pairs)
        path.write_text("user_id,item_id,interaction_id\n" + rows)
        arguments = [self.folder.program, "import", "--data", str(self.folder.data), "--layout", "csv", str(path)]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.random.uniform(0.05, 0.6))
        process.kill()
        process.wait()
        self.counts["imports"] += 1
        outcome = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            self.faults.append(f"the import after a kill failed: {outcome.stderr}")
        self.record.present.update(pairs)

    # What is found.

    def check(self, client):
        folder, record = self.folder, self.record
        with Store(folder.data) as store:
            self.faults += faults_of_pairs(store.pairs(folder.last_row), record)
            self.faults += store.faults_of_totals()
            names = store.names()
        self.faults += faults_of_erasures(names, folder.data, folder.people)
        self.faults += faults_of_files(folder.data)
        self.check_model(client)
        self.check_catalogue(client)
        self.check_backup()
        for name in self.random.sample(sorted(folder.people.erased), min(5, len(folder.people.erased))):
            if client.send("GET", f"/users/{name}/export").status != 404:
                self.faults.append(f"{name} was erased and there is something to export")
        self.counts["acknowledged"] = len(record.present)
        self.counts["refused"] = record.refused
        self.counts["unanswered"] = sum(len(request.pairs) for request in record.unanswered)
        self.counts["requests in flight"] = len(record.unanswered)
        self.counts["erasures"] = self.erasures.erasures
        self.counts["backups"] = len(self.backups.files)
        self.counts["publications"] = folder.models.published
        folder.models.published = 0

    def check_model(self, client):
        """The version that was last said to serve, or the one that was about to, serves."""
        models = self.folder.models
        if models.current is None and models.attempted is None:
            return
        answer = client.send("GET", "/models/current")
        serving = answer.body["version"] if answer.status == 200 else None
        possible = {models.current}
        if models.attempted == "next":
            # Nobody was told its number.
            if serving is not None and serving not in models.known:
                possible.add(serving)
        elif models.attempted is not None:
            possible.add(models.attempted)
        if serving not in possible:
            self.faults.append(f"{serving} serves; it should be one of {possible}")
        if serving is not None:
            if serving not in models.known:
                models.known.append(serving)
            recommended = client.send("GET", "/recommend?user_id=somebody")
            if recommended.status != 200 or recommended.fields["Nectar-Model"] != serving:
                self.faults.append(f"/recommend was answered {recommended.status} by {recommended.fields['Nectar-Model']}")
        models.current, models.attempted = serving, None

    def check_catalogue(self, client):
        possible = {self.catalogue.attempted, self.catalogue.written or self.folder.title} - {None}
        found = client.send("GET", "/items/i0")
        title = found.body["title"] if found.status == 200 else None
        if possible and title not in possible and not (title is None and self.folder.title is None):
            self.faults.append(f"the item's title is {title}; it should be one of {possible}")
        self.folder.title = title

    def check_backup(self):
        for file in self.backups.files[-1:]:
            outcome = subprocess.run(
                [self.folder.program, "restore", "--verify-only", "--data", str(self.folder.data), file],
                capture_output=True, text=True, check=False,
            )
            if outcome.returncode != 0:
                self.faults.append(f"the backup {file} is not whole: {outcome.stderr}")

    def repeat(self, client):
        """What a careful client does when in doubt: the same request with the same key."""
        record, people = self.record, self.folder.people
        for request in record.unanswered + record.answered:
            try:
                request.send(client)
            except (Refused, AssertionError) as error:
                self.faults.append(f"{request.key} was sent again: {error}")
            record.present.update(request.pairs)
        record.unanswered = []
        for name in sorted(people.unclear):
            client.ask("DELETE", f"/users/{name}")
            people.erased.add(name)
        people.unclear.clear()

    def check_again(self, client):
        folder, record = self.folder, self.record
        with Store(folder.data) as store:
            found = store.pairs(folder.last_row)
            self.faults += [f"after everything was sent again: {fault}" for fault in faults_of_pairs(found, record)]
            people = set(folder.people.living)
            ours = {pair for pair in found if pair[0].startswith(f"r{self.number}-") and "-person-" not in pair[0]}
            nobody = [pair for pair in ours - record.present if "-catalogue-" not in pair[0]]
            if nobody:
                self.faults.append(f"{len(nobody)} interactions are there that nobody sent, first {min(nobody)}")
            lost = people - store.names()
            if lost:
                self.faults.append(f"{len(lost)} users are lost who were not erased, first {min(lost)}")
            folder.last_row = store.last_row()
        folder.pairs |= record.present
        # By way of the interface as well, for a user of each thread.
        for thread in self.threads[:3]:
            user = f"{thread.name}-0"
            listed = list(client.pages("/interactions", "interactions", {"user_id": user, "limit": 1000}))
            if len(listed) != sum(1 for pair in record.present if pair[0] == user):
                self.faults.append(f"{user} has {len(listed)} interactions")


def check_whole(folder):
    """At the end of a data folder: every page, every pair of every round, nobody erased, and a clean end."""
    faults = []
    folder.server.start()
    with Store(folder.data) as store:
        faults += store.integrity()
        found = store.pairs(0)
        faults += [f"{pair} was acknowledged and is lost" for pair in sorted(folder.pairs - found.keys())[:3]]
        faults += [f"{pair} is there more than once" for pair, times in found.items() if times > 1][:3]
        for name, items in folder.people.living.items():
            there = {item for user, item in found if user == name} if len(folder.people.living) < 20 else items
            if there != items:
                faults.append(f"{name} has {sorted(there)} instead of {sorted(items)}")
    status = folder.server.stop()
    if status != 0:
        faults.append(f"the last server ended with {status} on SIGTERM")
    return faults + erased_in_store_files(folder.data, folder.people.erased)


def main():
    parser = argparse.ArgumentParser(prog="scripts/crash-test")
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=200, help="how often it is killed (default 200)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the random moments and sizes")
    parser.add_argument("--keep-going", action="store_true", help="go on after a round that fails")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    totals, failed, started = collections.Counter(), 0, time.monotonic()
    for first in range(1, options.rounds + 1, ROUNDS_OF_A_FOLDER):
        with tempfile.TemporaryDirectory(prefix="nectar-crash-test-") as path:
            folder = Folder(options.program, pathlib.Path(path))
            with folder.server:
                for number in range(first, min(first + ROUNDS_OF_A_FOLDER, options.rounds + 1)):
                    this = Round(folder, number, options.seed)
                    this.run()
                    totals.update(this.counts)
                    failed += report(f"round {number}", this.faults, options.seed, dict(this.counts))
                    if this.faults and not options.keep_going:
                        return 1
                failed += report(f"after round {number}", check_whole(folder), options.seed, {"living users in models": folder.people.seen})
    print(f"{options.rounds} rounds, {failed} failed, {time.monotonic() - started:.0f} s: {dict(totals)}")
    if not totals["acknowledged"]:
        print("nothing was acknowledged before any kill, so this shows nothing", file=sys.stderr)
    return 1 if failed or not totals["acknowledged"] else 0


def report(what, faults, seed, counts):
    if faults:
        print(f"{what}: FAILED (seed {seed})", *faults, sep="\n  ", file=sys.stderr, flush=True)
        return 1
    print(f"{what}: {', '.join(f'{count} {name}' for name, count in counts.items())}", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, RuntimeError, TimeoutError, OSError, http.client.HTTPException) as error:
        sys.exit(f"crash-test: {error}")
