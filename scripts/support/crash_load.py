"""What floods the server that scripts/crash-test kills: one thread for each sort of work, until the connection breaks.

Every thread notes what it was told: what was acknowledged must be there, what was refused must not, and of what the kill
left unanswered each transaction must be there whole or not at all.
"""

import http.client
import json
import random
import socket
import threading
import urllib.parse

from nectar_server import Client, Refused

# Rows of an upload that the server stores in one transaction (InteractionUpload.maximumBatchSize).
UPLOAD_BATCH = 20_000
# Few items and many users, so that there is something to learn and each pair is sent only once.
ITEMS = 50


class Record:
    """What must be true of the pairs (user, item) that were sent."""

    def __init__(self):
        self.lock = threading.Lock()
        self.present = set()
        self.absent = set()
        self.unanswered = []  # requests that can be sent again: Sent
        self.answered = []  # the last one of each thread, which a careful client may repeat
        self.refused = 0


class Sent:
    """A request with a key of its own, which makes it harmless to send it again."""

    def __init__(self, target, body, content_type, key, pairs, rejected=0):
        self.target, self.body, self.content_type, self.key = target, body, content_type, key
        self.pairs, self.rejected = pairs, rejected

    def send(self, client):
        fields = {"Content-Type": self.content_type, "Idempotency-Key": self.key}
        receipt = client.ask("POST", self.target, self.body, fields=fields)
        if receipt["stored"] != len(self.pairs) or receipt["rejected"] != self.rejected:
            raise AssertionError(f"{len(self.pairs)} interactions were sent and the answer is {receipt}")

    def transactions(self):
        return [self.pairs[start : start + UPLOAD_BATCH] for start in range(0, len(self.pairs), UPLOAD_BATCH)]


class Load(threading.Thread):
    """Works until the server is gone; anything else that ends it is a fault."""

    def __init__(self, url, name, seed):
        super().__init__(name=name)
        self.client = Client(url)
        self.url = url
        self.random = random.Random(seed)
        self.fault = None
        self.done = 0

    def run(self):
        try:
            while True:
                self.work()
                self.done += 1
        except (OSError, http.client.HTTPException):
            pass  # the kill
        except Exception as error:  # noqa: BLE001: told with the round's faults
            self.fault = error
        finally:
            self.client.close()

    def work(self):
        raise NotImplementedError


class Interactions(Load):
    """Interactions in every form in which they come; what is not wanted here is refused, and noted as such."""

    def __init__(self, url, name, seed, record, form):
        super().__init__(url, name, seed)
        self.record = record
        self.form = form
        self.sent = 0
        self.last = None

    def work(self):
        if self.form == "refused":
            return self.send_what_is_refused()
        request = getattr(self, f"make_{self.form}")()
        with self.record.lock:
            self.record.unanswered.append(request)
        request.send(self.client)
        with self.record.lock:
            self.record.unanswered.remove(request)
            self.record.present.update(request.pairs)
            if self.last is not None:
                self.record.answered.remove(self.last)
            self.record.answered.append(request)
        self.last = request

    def next_pairs(self, count):
        numbers = range(self.sent, self.sent + count)
        self.sent += count
        return [(f"{self.name}-{number // ITEMS}", f"i{number % ITEMS}") for number in numbers]

    def make(self, target, pairs, body, content_type, rejected=0):
        return Sent(target, body, content_type, f"{self.name}/{self.sent}", pairs, rejected)

    def make_single(self):
        pairs = self.next_pairs(1)
        return self.make("/interactions", pairs, json.dumps(interaction(pairs[0])).encode(), "application/json")

    def make_batch(self):
        pairs = self.next_pairs(self.random.choice((10, 100, 1000)))
        body = json.dumps({"interactions": [interaction(pair) for pair in pairs]}).encode()
        return self.make("/interactions", pairs, body, "application/json")

    def make_upload(self):
        # The largest is of three transactions, and of a file rather than memory.
        pairs = self.next_pairs(self.random.choice((500, 500, 500, 5000, 5000, 45_000)))
        body = "".join(json.dumps(interaction(pair)) + "\n" for pair in pairs).encode()
        return self.make("/interactions", pairs, body, "application/x-ndjson")

    def make_partial(self):
        pairs = self.next_pairs(self.random.choice((50, 500)))
        rows = [",".join(pair) for pair in pairs] + ["nobody,"] * 3
        self.random.shuffle(rows)
        body = "user_id,item_id\n" + "\n".join(rows) + "\n"
        return self.make("/interactions?partial=true", pairs, body.encode(), "text/csv", rejected=3)

    def send_what_is_refused(self):
        pairs = self.next_pairs(self.random.choice((1, 20)))
        rows = [interaction(pair) for pair in pairs] + [{"user_id": self.name, "item_id": ""}]
        self.random.shuffle(rows)
        with self.record.lock:
            self.record.absent.update(pairs)
            self.record.refused += len(pairs)
        form = self.random.choice(("json", "ndjson"))
        body = (
            json.dumps({"interactions": rows})
            if form == "json"
            else "".join(json.dumps(row) + "\n" for row in rows)
        )
        content_type = "application/json" if form == "json" else "application/x-ndjson"
        answer = self.client.send("POST", "/interactions", body.encode(), fields={"Content-Type": content_type})
        if answer.status != 422:
            raise AssertionError(f"rows of which one is faulty were answered {answer.status}")


def interaction(pair):
    return {"user_id": pair[0], "item_id": pair[1], "kind": "view"}


class People:
    """Users who come and are erased, over all rounds of one data folder."""

    def __init__(self):
        self.living = {}  # name: items
        self.erased = set()
        self.unclear = set()  # an erasure or a first request that was not answered: erased when the server is back


class Erasures(Load):
    """Makes users and erases them, every other one while an upload is under way that brings the same user."""

    def __init__(self, url, name, seed, people):
        super().__init__(url, name, seed)
        self.people = people
        self.erasures = 0

    def work(self):
        self.make_user()
        if len(self.people.living) > 12:
            name = self.random.choice(sorted(self.people.living))
            del self.people.living[name]
            self.people.unclear.add(name)
            if self.random.random() < 0.5:
                self.erase_during_upload(name)
            else:
                self.erase(name)
            self.people.unclear.remove(name)
            self.people.erased.add(name)

    def make_user(self):
        name = f"{self.name}-{self.done}-{self.random.getrandbits(64):016x}"
        items = self.random.sample(range(ITEMS), 5)
        self.people.unclear.add(name)
        self.client.ask(
            "POST", "/interactions", {"interactions": [interaction((name, f"i{item}")) for item in items]}
        )
        self.client.ask("PUT", f"/users/{name}", {"tags": ["person"], "attributes": {"alias": f"alias-{name}"}})
        self.people.unclear.remove(name)
        self.people.living[name] = {f"i{item}" for item in items}

    def erase(self, name):
        receipt = self.client.ask("DELETE", f"/users/{name}")
        if not receipt["erased"]:
            raise AssertionError(f"the erasure of {name} was answered {receipt}")
        self.erasures += 1

    def erase_during_upload(self, name):
        with Upload(self.url) as upload:
            upload.begin()
            rows = [json.dumps(interaction((name, f"i{item}"))) for item in range(ITEMS)]
            upload.send("\n".join(rows[:25]) + "\n")
            self.erase(name)
            upload.send("\n".join(rows[25:]) + "\n")
            receipt = upload.end()
            if receipt.get("erased") != ITEMS:
                raise AssertionError(f"an upload of {name}, who was erased meanwhile, was answered {receipt}")


class Upload:
    """An upload in pieces, of which it is certain when the server has begun with it."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.reader = self.socket.makefile("rb")

    def begin(self):
        head = (
            "POST /interactions HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-ndjson\r\n"
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        line = self.reader.readline()
        if not line:
            raise ConnectionResetError("the server is gone")
        if b" 100 " not in line:
            raise AssertionError(f"an upload was answered {line!r}")
        self.reader.readline()

    def send(self, text):
        chunk = text.encode()
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def end(self):
        self.socket.sendall(b"0\r\n\r\n")
        answer = self.reader.read()
        if b"\r\n\r\n" not in answer:
            raise ConnectionResetError("the server is gone")
        return json.loads(answer.split(b"\r\n\r\n", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
        self.socket.close()


class Models:
    """Which models there were, over all rounds of one data folder."""

    def __init__(self):
        self.current = None
        self.attempted = None  # the version that was about to serve; "next" for a training's
        self.known = []
        self.published = 0


class Trainings(Load):
    """Trains, and has now one model serve and now another."""

    def __init__(self, url, name, seed, models):
        super().__init__(url, name, seed)
        self.models = models

    def work(self):
        if len(self.models.known) > 1 and self.random.random() < 0.4:
            return self.publish(self.random.choice(self.models.known[-4:]))
        self.models.attempted = "next"
        settings = {"architecture": "mf", "embedding_dimension": 4, "epochs": 1, "holdout": "none"}
        job = self.client.ask("POST", "/train", {**settings, "publish": "always", "wait": True})
        if job["state"] == "failed" and "nothing to train" in job.get("message", ""):
            return
        if job["state"] != "succeeded":
            raise AssertionError(f"a training ended like this: {job}")
        self.serves(job["model"])
        self.models.known.append(job["model"])

    def publish(self, version):
        self.models.attempted = version
        try:
            self.client.ask("POST", f"/models/{version}/publish")
        except Refused as error:
            if error.status != 404:  # removed, being one of the oldest
                raise
            self.models.attempted = None
            return
        self.serves(version)

    def serves(self, version):
        self.models.current, self.models.attempted = version, None
        self.models.published += 1


class Backups(Load):
    """Makes backups, one after another."""

    def __init__(self, url, name, seed):
        super().__init__(url, name, seed)
        self.files = []

    def work(self):
        self.files.append(self.client.ask("POST", "/admin/backup")["file"])


class Catalogue(Load):
    """Writes one item again and again, and deletes interactions."""

    def __init__(self, url, name, seed, record):
        super().__init__(url, name, seed)
        self.record = record
        self.written = None
        self.attempted = None

    def work(self):
        self.attempted = f"{self.name} {self.done}"
        self.client.ask("PUT", "/items/i0", {"title": self.attempted})
        self.written = self.attempted
        pair = (f"{self.name}-{self.done}", "i1")
        name = f"{self.name}/{self.done}"
        # Whether it is there when either request goes unanswered nobody can say.
        self.client.ask("POST", "/interactions", {**interaction(pair), "interaction_id": name})
        self.client.ask("DELETE", f"/interactions/{urllib.parse.quote(name, safe='')}")
        with self.record.lock:
            self.record.absent.add(pair)
