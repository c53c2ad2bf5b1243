"""Kills a nectar and the PostgreSQL server that it writes to, under load, and looks for what was acknowledged. See scripts/crash-test."""

import argparse
import collections
import http.client
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from nectar_server import Client, Refused, Server

SHORTEST_FLOOD, LONGEST_FLOOD = 0.3, 2.0
SCRIPT = pathlib.Path(__file__).with_name("postgresql")
# What an answer says where nobody could find out whether the request was stored.
UNKNOWN = "unknown whether"


class Database:
    """A PostgreSQL server of one's own."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, command):
        return subprocess.run([SCRIPT, command, self.folder], check=True, text=True, capture_output=True).stdout.strip()


class Request:
    """Interactions of one user under an idempotency key; all of them are stored, or none."""

    def __init__(self, user, items, key, form):
        self.user, self.items, self.key, self.form = user, items, key, form

    def send(self, client):
        rows = [{"user_id": self.user, "item_id": item, "kind": "view"} for item in self.items]
        fields = {"Idempotency-Key": self.key}
        if self.form == "upload":
            fields["Content-Type"] = "application/x-ndjson"
            body = "".join(json.dumps(row) + "\n" for row in rows).encode()
        else:
            body = rows[0] if len(rows) == 1 else {"interactions": rows}
        receipt = client.ask("POST", "/interactions", body, fields=fields)
        if receipt["stored"] != len(rows):
            raise AssertionError(f"{len(rows)} interactions were sent and the answer is {receipt}")


class Load(threading.Thread):
    """One client, until the round is over or its nectar is gone. It goes on after a 503, as clients do."""

    def __init__(self, url, name, seed, over):
        super().__init__(name=name)
        self.client, self.over = Client(url), over
        self.random = random.Random(seed)
        self.acknowledged, self.refused, self.unclear = [], [], []
        self.erased, self.unclear_erasures = [], []
        self.title, self.attempted_title = None, None
        self.number, self.unknown, self.fault = 0, 0, None

    def run(self):
        try:
            while not self.over.is_set():
                self.number += 1
                self.random.choice((self.append, self.append, self.append, self.erase, self.name_item))()
        except (OSError, http.client.HTTPException):
            pass  # the kill
        except Exception as error:  # noqa: BLE001: told with the round's faults
            self.fault = error
        finally:
            self.client.close()

    def request(self, user, count, form="json"):
        items = [f"{user}-{self.number}-{place}" for place in range(count)]
        return Request(user, items, f"{self.name}/{self.number}", form)

    def append(self):
        form, count = self.random.choice((("json", 1), ("json", 1), ("json", 10), ("json", 200), ("upload", 2000)))
        self.send(self.request(self.name, count, form))

    def send(self, request):
        """Whether it was acknowledged."""
        self.unclear.append(request)
        try:
            request.send(self.client)
        except Refused as error:
            if error.status != 503:
                raise
            if UNKNOWN in str(error):
                self.unknown += 1
                return False
            self.refused.append(self.unclear.pop())
            time.sleep(0.02)
            return False
        self.acknowledged.append(self.unclear.pop())
        return True

    def erase(self):
        user = f"{self.name}-person-{self.number}"
        request = self.request(user, 3)
        try:
            request.send(self.client)
            self.client.ask("DELETE", f"/users/{user}")
        except Refused as error:
            if error.status != 503:
                raise
            time.sleep(0.02)
            return
        self.erased.append(user)

    def name_item(self):
        self.attempted_title = f"title {self.number}"
        try:
            self.client.ask("PUT", f"/items/{self.name}", {"title": self.attempted_title})
        except Refused as error:
            if error.status != 503:
                raise
            return
        self.title = self.attempted_title


class Round:
    """A flood, during which something is killed, and what is found afterwards."""

    def __init__(self, number, options, database, server):
        self.number, self.database, self.server = number, database, server
        self.random = random.Random(f"{options.seed}/{number}")
        self.clients = options.clients
        # Which of the two is killed; a server that is stopped at once is killed as far as clients can see.
        self.killed = self.random.choice(("nectar", "database", "database", "both"))
        self.faults = []

    def run(self):
        over = threading.Event()
        self.loads = [
            Load(self.server.url, f"r{self.number}-c{client}", self.random.getrandbits(64), over)
            for client in range(self.clients)
        ]
        for load in self.loads:
            load.start()
        self.wait()
        {"nectar": self.kill_nectar, "database": self.kill_database, "both": self.kill_both}[self.killed]()
        over.set()
        for load in self.loads:
            load.join(timeout=90)
        self.faults += [f"{load.name}: {load.fault}" for load in self.loads if load.fault]
        self.faults += [f"{load.name} is still at it" for load in self.loads if load.is_alive()]
        client = Client(self.server.url)
        for load in self.loads:
            self.faults += [f"{load.name}: {fault}" for fault in faults_of(client, load)]
        client.close()

    def wait(self):
        time.sleep(self.random.uniform(SHORTEST_FLOOD, LONGEST_FLOOD))

    def kill_nectar(self):
        self.server.kill()
        self.server.start()

    def kill_database(self):
        self.database.run("crash")
        self.expect_ready(503)
        time.sleep(self.random.uniform(0, 0.5))
        self.database.run("start")
        self.expect_ready(200)
        self.wait()

    def kill_both(self):
        first, second = self.random.sample((self.server.kill, lambda: self.database.run("crash")), 2)
        first()
        time.sleep(self.random.uniform(0, 0.1))
        second()
        self.database.run("start")
        self.server.start()

    def expect_ready(self, status):
        """Waits for `/readyz` to say so; everything else is answered meanwhile."""
        client = Client(self.server.url)
        deadline = time.monotonic() + 30
        while (found := client.send("GET", "/readyz").status) != status:
            if time.monotonic() > deadline:
                raise TimeoutError(f"/readyz says {found} and not {status}")
            time.sleep(0.02)
        client.close()

    def summary(self):
        count = collections.Counter()
        for load in self.loads:
            count["acknowledged"] += sum(len(request.items) for request in load.acknowledged)
            count["refused"] += sum(len(request.items) for request in load.refused)
            count["unanswered"] += len(load.unclear)
            count["told to be unknown"] += load.unknown
            count["erased"] += len(load.erased)
        return count


def stored_items(client, user):
    pages = client.pages("/interactions", "interactions", {"user_id": user, "limit": 1000})
    return collections.Counter(interaction["item_id"] for interaction in pages)


def faults_of(client, load):
    """What the record says against the answers that one client got; sends again what is unclear."""
    stored = stored_items(client, load.name)
    faults = []

    def expect(requests, counts, what):
        for request in requests:
            there = sum(1 for item in request.items if stored[item])
            if there not in counts(request):
                faults.append(f"of {len(request.items)} interactions that were {what} {there} are there ({request.key})")

    expect(load.acknowledged, lambda request: (len(request.items),), "acknowledged")
    expect(load.refused, lambda request: (0,), "refused")
    expect(load.unclear, lambda request: (0, len(request.items)), "not answered")
    for request in load.unclear + load.refused[:20] + load.acknowledged[-20:]:
        request.send(client)
        if request not in load.acknowledged:
            load.acknowledged.append(request)
    stored = stored_items(client, load.name)
    expect(load.acknowledged, lambda request: (len(request.items),), "sent again")
    twice = [item for item, times in stored.items() if times > 1]
    if twice:
        faults.append(f"{len(twice)} interactions are there more than once, first {twice[0]}")
    unknown = stored.keys() - {item for request in load.acknowledged for item in request.items}
    if unknown:
        faults.append(f"{len(unknown)} interactions are there that were refused, first {min(unknown)}")
    for user in load.erased:
        if stored_items(client, user):
            faults.append(f"{user} was erased and is back")
    if load.attempted_title:
        answer = client.send("GET", f"/items/{load.name}")
        title = answer.body["title"] if answer.status == 200 else None
        if (load.title is not None or title is not None) and not is_between(load.title, title, load.attempted_title):
            faults.append(f"the item's title is {title}, between {load.title} and {load.attempted_title}")
    return faults


def is_between(acknowledged, found, attempted):
    """A title that was refused was not stored, one that was not answered may be."""
    number = lambda title: int(title.split()[1]) if title else 0  # noqa: E731
    return number(acknowledged) <= number(found) <= number(attempted)


def check_whole(options, server, data, url):
    """A backup is read as of one moment and counted row by row against the counters."""
    status = server.stop()
    faults = [] if status == 0 else [f"the last server ended with {status} on SIGTERM"]
    outcome = subprocess.run(
        [options.program, "backup", "--data", str(data), str(data / "all.sqlite")],
        env={"NECTAR_STORAGE_URL": url}, capture_output=True, text=True, check=False,
    )
    print(outcome.stdout, end="")
    return faults + ([] if outcome.returncode == 0 else [outcome.stderr])


def main():
    parser = argparse.ArgumentParser(prog="scripts/crash-test --store postgresql")
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=20, help="how often something is killed (default 20)")
    parser.add_argument("--clients", type=int, default=6, help="connections that send at once (default 6)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the random moments and sizes")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    total, kills, faults = collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="nectar-crash-test-") as folder:
        folder = pathlib.Path(folder)
        # The server's own user has to get through to its folder.
        folder.chmod(0o711)
        database = Database(folder / "postgresql")
        url = database.run("start")
        try:
            server = Server(options.program, folder / "data", folder / "log", environment={"NECTAR_STORAGE_URL": url})
            with server:
                server.start()
                for number in range(1, options.rounds + 1):
                    this = Round(number, options, database, server)
                    this.run()
                    total.update(this.summary())
                    kills[this.killed] += 1
                    told = ", ".join(f"{count} {what}" for what, count in this.summary().items())
                    print(f"round {number}: {this.killed} killed; {told}", flush=True)
                    if this.faults:
                        print(f"round {number}: FAILED (seed {options.seed})", *this.faults, sep="\n  ", file=sys.stderr)
                        return 1
                faults = check_whole(options, server, folder / "data", url)
            if url.split("@")[0].split(":")[-1] in (folder / "log").read_text(errors="replace"):
                faults.append("the password is in the log")
        finally:
            database.run("crash")
    print(f"{options.rounds} rounds ({dict(kills)}): {dict(total)}")
    if faults or not total["acknowledged"]:
        print(*(faults or ["nothing was acknowledged, so this shows nothing"]), sep="\n  ", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, RuntimeError, TimeoutError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"crash-test: {error} {getattr(error, 'stderr', '') or ''}")
