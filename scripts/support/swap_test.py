"""Publishes new models under load and checks that no request notices more than a new version. See scripts/swap-test."""

import argparse
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading

from nectar_server import Client, Refused, Server, fill, follow_training

SETTINGS = {"architecture": "neumf", "embedding_dimension": 16, "hidden_layers": [32, 16], "epochs": 3,
            "publish": "always"}


class Latest:
    """The newest version that anybody has been answered with, which no later request may fall behind."""

    def __init__(self):
        self.lock = threading.Lock()
        self.version = 0

    def read(self):
        with self.lock:
            return self.version

    def raise_to(self, version):
        with self.lock:
            self.version = max(self.version, version)


class Watcher(threading.Thread):
    """One connection that asks again and again and remembers which versions answered it."""

    def __init__(self, url, users, latest, stopping, number):
        super().__init__()
        self.url = url
        self.users = users
        self.latest = latest
        self.stopping = stopping
        self.random = random.Random(number)
        self.versions = []  # each once, in the order of their first answer
        self.answers = 0
        self.fault = None

    def run(self):
        client = Client(self.url)
        try:
            while not self.stopping.is_set():
                self.ask(client)
        except Exception as error:
            self.fault = self.fault or f"{type(error).__name__}: {error}"
        finally:
            client.close()

    def ask(self, client):
        # Read before sending: an answer to a question asked after that version had been seen may not be older.
        oldest_allowed = self.latest.read()
        user = self.random.randrange(1, self.users + 1)
        answer = client.send("GET", "/recommend", query={"user_id": user, "limit": 10})
        if answer.status != 200:
            raise AssertionError(f"answered {answer.status}: {answer.body}")
        model = answer.body["model"]
        if answer.fields["Nectar-Model"] != model:
            raise AssertionError(f"the body says {model}, the field {answer.fields['Nectar-Model']}")
        version = number_of(model)
        if version < oldest_allowed:
            raise AssertionError(f"answered from {model} after v{oldest_allowed} had answered")
        self.latest.raise_to(version)
        self.answers += 1
        if not self.versions or self.versions[-1] != version:
            self.versions.append(version)


def number_of(model):
    return int(re.fullmatch(r"v(\d+)", model).group(1))


def train(client, seed):
    job = client.ask("POST", "/train", {**SETTINGS, "seed": seed})["job"]
    last = follow_training(client, job, lambda state: None, seconds=300)
    if last["state"] != "succeeded":
        raise AssertionError(f"the training ended as {last['state']}: {last}")
    return client.ask("GET", "/models/current")["version"]


def start_wrk(url, users, connections):
    # It runs until it is interrupted, which for wrk is a proper end with a summary.
    return subprocess.Popen(
        ["wrk", "--threads", "2", "--connections", str(connections), "--duration", "580s", "--timeout", "10s",
         "--script", str(pathlib.Path(__file__).with_name("swap_test.lua")), url],
        env={**os.environ, "SWAP_TEST_USERS": str(users)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )


def faults_of(watchers, load, published):
    faults = [f"connection {number}: {watcher.fault}" for number, watcher in enumerate(watchers) if watcher.fault]
    counted = re.search(r"swap-test: (.*)", load)
    if not counted:
        return faults + [f"wrk gave no summary:\n{load}"]
    numbers = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", counted.group(1))}
    for name in ("failures", "mixtures", "socket_errors"):
        if numbers[name]:
            faults.append(f"wrk: {numbers[name]} {name}:\n{load}")
    seen = sorted({version for watcher in watchers for version in watcher.versions})
    if seen != published:
        faults.append(f"the versions {published} were published and {seen} were seen")
    return faults


def main():
    parser = argparse.ArgumentParser(prog="scripts/swap-test")
    parser.add_argument("program")
    parser.add_argument("--swaps", type=int, default=2, help="models published under load (default 2)")
    parser.add_argument("--connections", type=int, default=32, help="of wrk (default 32)")
    parser.add_argument("--watchers", type=int, default=4, help="connections that watch the versions (default 4)")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--items", type=int, default=800)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="nectar-swap-test-") as folder:
        folder = pathlib.Path(folder)
        with Server(options.program, folder / "data", folder / "log") as server:
            server.start()
            client = Client(server.url, timeout=120)
            rows = fill(client, options.users, options.items, each=40)
            published = [number_of(train(client, seed=1))]
            print(f"{rows} interactions stored, v{published[0]} published; now under load", flush=True)

            stopping = threading.Event()
            latest = Latest()
            watchers = [
                Watcher(server.url, options.users, latest, stopping, number) for number in range(options.watchers)
            ]
            wrk = start_wrk(server.url, options.users, options.connections)
            for watcher in watchers:
                watcher.start()
            try:
                for swap in range(options.swaps):
                    published.append(number_of(train(client, seed=2 + swap)))
                    print(f"v{published[-1]} published", flush=True)
                # The last version has to be seen by a request sent after its publication.
                for watcher in watchers:
                    await_version(watcher, published[-1])
            finally:
                stopping.set()
                wrk.send_signal(signal.SIGINT)
                load = wrk.communicate(timeout=60)[0]
                for watcher in watchers:
                    watcher.join(timeout=60)

            faults = faults_of(watchers, load, published)
            if server.process.poll() is not None:
                faults.append(f"the server ended; the end of its log:\n{server.end_of_log()}")
            elif (status := server.stop()) != 0:
                faults.append(f"the server ended with {status} on SIGTERM")
    if faults:
        print("FAILED", *faults, sep="\n  ", file=sys.stderr)
        return 1
    print(load.strip())
    print(
        f"{sum(watcher.answers for watcher in watchers)} watched answers on {len(watchers)} connections,"
        f" versions {', '.join(f'v{version}' for version in published)}: never a failure, never two in one answer,"
        f" never back"
    )
    return 0


def await_version(watcher, version):
    """Waits until a connection has been answered by the version, or has failed."""
    for _ in range(600):
        if watcher.fault or (watcher.versions and watcher.versions[-1] >= version):
            return
        watcher.stopping.wait(0.1)
    raise TimeoutError(f"v{version} was published, and a minute later {watcher.versions} is all that answers")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (AssertionError, Refused, RuntimeError, TimeoutError, OSError) as error:
        sys.exit(f"swap-test: {error}")
