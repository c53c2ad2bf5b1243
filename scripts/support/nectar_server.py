"""A Nectar server to try things on, and a client of it: what the scripts' programs share. Standard library only."""

import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.parse


class Refused(Exception):
    """The server answered, but not with a success."""

    def __init__(self, method, target, status, body):
        problem = body if isinstance(body, dict) else {}
        detail = problem.get("detail") or problem.get("title") or str(body)[:300]
        super().__init__(f"{method} {target} was answered {status}: {detail}")
        self.status = status


class Answer:
    """A whole answer; its body decoded where it is JSON."""

    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = json.loads(body) if body and "json" in (fields.get("Content-Type") or "") else body


class Client:
    """One persistent connection. Not for several threads at once."""

    def __init__(self, url, timeout=30):
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)

    def send(self, method, path, body=None, query=None, fields=None):
        """One exchange, whatever its status. `body` is bytes, or anything that JSON can say."""
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        fields = dict(fields or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        self.connection.request(method, target, body=body, headers=fields)
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def ask(self, method, path, body=None, query=None, fields=None):
        """The body of a successful answer; anything else is `Refused`."""
        answer = self.send(method, path, body, query, fields)
        if not 200 <= answer.status < 300:
            raise Refused(method, path, answer.status, answer.body)
        return answer.body

    def pages(self, path, member, query):
        """Every element of a list that is answered in pages, from its first cursor to its last."""
        query = dict(query)
        while True:
            page = self.ask("GET", path, query=query)
            yield from page[member]
            if not page.get("next"):
                return
            query["cursor"] = page["next"]

    def close(self):
        self.connection.close()


def wait_until_ready(url, seconds, still_running=lambda: True):
    """Returns once `/readyz` answers 200; raises when that takes too long or the process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not still_running():
            raise RuntimeError("the server ended before it answered")
        client = Client(url, timeout=2)
        try:
            if client.send("GET", "/readyz").status == 200:
                return
        except OSError:
            pass
        except http.client.HTTPException:
            pass
        finally:
            client.close()
        time.sleep(0.05)
    raise TimeoutError(f"{url}/readyz did not answer 200 within {seconds} s")


def follow_training(client, job, report, seconds):
    """Reads a job until it ends; `report` gets each state in which something has changed. Returns the last state."""
    deadline = time.monotonic() + seconds
    known = None
    while time.monotonic() < deadline:
        state = client.ask("GET", f"/train/{job}")
        if state != known:
            report(state)
            known = state
        if state["state"] in ("succeeded", "failed", "cancelled"):
            return state
        time.sleep(0.2)
    raise TimeoutError(f"the training job {job} did not end within {seconds} s")


def fill(client, users, items, each):
    """Interactions of users who mostly keep to the items of their group, from a fixed seed."""
    generator = random.Random(7)
    rows = []
    for user in range(1, users + 1):
        liked = [item for item in range(1, items + 1) if item % 4 == user % 4]
        chosen = set(generator.sample(liked, each * 3 // 4)) | set(generator.sample(range(1, items + 1), each // 4))
        rows += [json.dumps({"user_id": str(user), "item_id": str(item)}) for item in sorted(chosen)]
    body = ("\n".join(rows) + "\n").encode()
    receipt = client.ask("POST", "/interactions", body, fields={"Content-Type": "application/x-ndjson"})
    if receipt["stored"] != len(rows):
        raise AssertionError(f"{len(rows)} interactions were sent and the answer is {receipt}")
    return len(rows)


class Server:
    """`nectar serve` on a free loopback port, over a data folder that outlives it."""

    def __init__(self, program, data, log, environment=None):
        self.environment = {**os.environ, **(environment or {})}
        self.program = program
        self.data = pathlib.Path(data)
        self.log = pathlib.Path(log)
        self.process = None
        self.port = None
        self.url = None

    def begin(self):
        """Starts it, and does not wait for it."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = [self.program, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--data", str(self.data)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)

    def start(self, seconds=120):
        """Starts it, and returns when it answers."""
        self.begin()
        try:
            wait_until_ready(self.url, seconds, lambda: self.process.poll() is None)
        except Exception as error:
            raise RuntimeError(f"{error}; the end of its log:\n{self.end_of_log()}") from error

    def cpu_seconds(self):
        """CPU time of all its threads so far."""
        # Behind the name, which may hold anything: user and system time are the 12th and 13th.
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        """Ends it as a power cut would: no handler of its own runs."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=30):
        """Asks it to drain, and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def end_of_log(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.kill()
