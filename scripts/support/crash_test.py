"""Floods a server with interactions, kills it, and looks for every one that it had acknowledged. See scripts/crash-test."""

import argparse
import collections
import http.client
import pathlib
import random
import sys
import tempfile
import threading
import time

from nectar_server import Client, Refused, Server

# Long enough that the flood is in full swing, short enough that five rounds are over in a minute.
SHORTEST_FLOOD, LONGEST_FLOOD = 0.2, 2.0


class Sender(threading.Thread):
    """One client: sends numbered interactions of its own user, one request after another, until the server is gone."""

    def __init__(self, url, user, seed):
        super().__init__()
        self.client = Client(url)
        self.user = user
        self.random = random.Random(seed)
        self.acknowledged = []
        self.last_answered = None  # (items, idempotency key) of the last request that was acknowledged
        self.unanswered = None  # (items, idempotency key) of the request that the kill cut off
        self.fault = None
        self.next_item = 0

    def run(self):
        try:
            while True:
                self.send_one_request()
        except (OSError, http.client.HTTPException):
            pass  # the kill
        except Exception as error:
            self.fault = error
        finally:
            self.client.close()

    def send_one_request(self):
        items = [f"{self.user}-{self.next_item + offset}" for offset in range(self.random.choice((1, 1, 1, 10, 100)))]
        self.next_item += len(items)
        self.unanswered = (items, f"{self.user}/{items[0]}")
        receipt = send(self.client, self.user, *self.unanswered)
        if receipt["stored"] != len(items):
            raise AssertionError(f"{len(items)} interactions were sent and the answer is {receipt}")
        self.acknowledged += items
        self.last_answered, self.unanswered = self.unanswered, None


def send(client, user, items, idempotency_key):
    interactions = [{"user_id": user, "item_id": item, "kind": "view"} for item in items]
    # A single interaction is a body of its own; several travel in a list. Both forms are flooded.
    body = interactions[0] if len(interactions) == 1 else {"interactions": interactions}
    return client.ask("POST", "/interactions", body, fields={"Idempotency-Key": idempotency_key})


def stored_items(client, user):
    """How often each item is on record for a user, through every page."""
    pages = client.pages("/interactions", "interactions", {"user_id": user, "limit": 1000})
    return collections.Counter(interaction["item_id"] for interaction in pages)


def faults_of(client, sender):
    """What the restarted server's record says against the answers that one client got; resends what went unanswered."""
    stored = stored_items(client, sender.user)
    faults = []
    lost = [item for item in sender.acknowledged if stored[item] == 0]
    if lost:
        faults.append(f"{len(lost)} of {len(sender.acknowledged)} acknowledged interactions are lost, first {lost[0]}")
    if sender.unanswered:
        items, key = sender.unanswered
        there = sum(1 for item in items if stored[item])
        if there not in (0, len(items)):
            faults.append(f"a batch of {len(items)} that was not acknowledged is there in part: {there}")
        send(client, sender.user, items, key)
        sender.acknowledged += items
    # What a careful client does when in doubt: the same request with the same key. Nothing may be stored twice.
    if sender.last_answered:
        send(client, sender.user, *sender.last_answered)
    stored = stored_items(client, sender.user)
    lost = [item for item in sender.acknowledged if stored[item] == 0]
    if lost and not faults:
        faults.append(f"{lost[0]} is not there after its request was sent again")
    doubled = [item for item, times in stored.items() if times > 1]
    if doubled:
        faults.append(f"{len(doubled)} interactions are there more than once, first {doubled[0]}")
    unknown = stored.keys() - set(sender.acknowledged)
    if unknown:
        faults.append(f"{len(unknown)} interactions are there that nobody sent, first {min(unknown)}")
    return [f"{sender.user}: {fault}" for fault in faults]


def flood_and_kill(server, round_number, clients, seed, generator):
    senders = [
        Sender(server.url, f"round{round_number}-client{number}", f"{seed}/{round_number}/{number}")
        for number in range(clients)
    ]
    for sender in senders:
        sender.start()
    time.sleep(generator.uniform(SHORTEST_FLOOD, LONGEST_FLOOD))
    server.kill()
    for sender in senders:
        sender.join(timeout=60)
    return senders


def main():
    parser = argparse.ArgumentParser(prog="scripts/crash-test")
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5, help="how often it is killed (default 5)")
    parser.add_argument("--clients", type=int, default=8, help="connections that send at once (default 8)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the random moments and sizes")
    options = parser.parse_args()
    generator = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)

    with tempfile.TemporaryDirectory(prefix="nectar-crash-test-") as folder:
        folder = pathlib.Path(folder)
        with Server(options.program, folder / "data", folder / "log") as server:
            server.start()
            everyone = []
            for round_number in range(1, options.rounds + 1):
                senders = flood_and_kill(server, round_number, options.clients, options.seed, generator)
                everyone += senders
                acknowledged = sum(len(sender.acknowledged) for sender in senders)
                cut_off = sum(1 for sender in senders if sender.unanswered)

                server.start()
                client = Client(server.url)
                faults = [f"{sender.user}: {sender.fault}" for sender in senders if sender.fault]
                # Earlier rounds too: recovery may not undo what an earlier recovery kept.
                faults += [fault for sender in everyone for fault in faults_of(client, sender)]
                for sender in everyone:
                    sender.unanswered = None
                client.close()
                if not acknowledged and not faults:
                    faults.append("nothing was acknowledged before the kill, so the round shows nothing")
                if faults:
                    print(f"round {round_number}: FAILED (seed {options.seed})", *faults, sep="\n  ", file=sys.stderr)
                    return 1
                print(
                    f"round {round_number}: killed with {cut_off} requests in flight;"
                    f" all {acknowledged} acknowledged interactions are there, each once",
                    flush=True,
                )
            status = server.stop()
            if status != 0:
                print(f"the last server ended with {status} on SIGTERM", file=sys.stderr)
                return 1
    total = sum(len(sender.acknowledged) for sender in everyone)
    print(f"{options.rounds} rounds, {total} interactions, none lost, none twice")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, RuntimeError, TimeoutError, OSError) as error:
        sys.exit(f"crash-test: {error}")
