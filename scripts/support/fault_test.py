"""A server on a disk that is full, nearly full and read only. See scripts/fault-test; runs in a mount namespace of its own."""

import contextlib
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

from crash_checks import Store, faults_of_files
from nectar_server import Client, Server, fill

DISK_MEGABYTES = 32
# Large enough that a model takes some hundred kilobytes.
TRAINING = {"architecture": "mf", "embedding_dimension": 512, "epochs": 1, "publish": "always", "wait": True}


class Test:
    """Collects what is not as it should be."""

    def __init__(self, program, disk):
        self.program, self.disk = program, disk
        self.data = disk / "data"
        self.ballast = disk / "ballast"
        self.faults = []
        self.acknowledged, self.refused = set(), set()

    def expect(self, condition, what):
        print(f"  {'ok' if condition else 'FAILED'}: {what}", flush=True)
        if not condition:
            self.faults.append(what)

    def server(self):
        return Server(self.program, self.data, self.disk.parent / "log")

    def fill_disk(self, leaving=0):
        """Takes what is free, but for so many bytes."""
        with self.ballast.open("ab") as file:
            with contextlib.suppress(OSError):
                while (more := min(1 << 16, free(self.disk) - leaving)) > 0:
                    file.write(b"\0" * more)
                    file.flush()

    def empty_disk(self):
        self.ballast.unlink()

    def post(self, client, name):
        rows = [{"user_id": name, "item_id": str(item)} for item in range(20)]
        answer = client.send("POST", "/interactions", {"interactions": rows})
        (self.acknowledged if answer.status == 200 else self.refused).add(name)
        return answer


def free(path):
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def detail(answer):
    return answer.body.get("detail", "") if isinstance(answer.body, dict) else ""


def full_disk(test):
    print("a full disk")
    os.environ["NECTAR_STORAGE_MINIMUM_FREE_MEGABYTES"] = "0"
    with test.server() as server:
        server.start()
        client = Client(server.url, timeout=60)
        fill(client, users=60, items=40, each=12)
        test.acknowledged |= {str(user) for user in range(2, 61)}
        test.expect(client.ask("POST", "/train", TRAINING)["state"] == "succeeded", "a model is trained")
        models = sorted(path.name for path in (test.data / "models").iterdir())
        test.fill_disk()
        answer = None
        for number in range(5000):
            answer = test.post(client, f"a{number}")
            if answer.status != 200:
                break
        test.expect(answer.status == 507 and "no space" in detail(answer), f"a write is answered {answer.status}: {detail(answer)}")
        test.expect(answer.fields["Retry-After"] is not None, "and says when to try again")
        rows = "".join(json.dumps({"user_id": f"upload-{n}", "item_id": "1", "kind": "x" * 200}) + "\n" for n in range(30_000))
        answer = client.send("POST", "/interactions", rows.encode(), fields={"Content-Type": "application/x-ndjson"})
        test.refused.add("upload-0")
        test.expect(answer.status == 507, f"an upload is answered {answer.status}: {detail(answer)}")
        items = [{"item_id": f"i{number}", "title": "x" * 500} for number in range(300)]
        answer = client.send("POST", "/items", {"items": items})
        test.expect(answer.status == 507, f"a catalogue is answered {answer.status}: {detail(answer)}")
        answer = client.send("POST", "/admin/backup")
        test.expect(answer.status == 507, f"a backup is answered {answer.status}: {detail(answer)}")
        job = client.ask("POST", "/train", TRAINING)
        test.expect(
            job["state"] == "failed" and "No space left" in job.get("message", ""),
            f"a training ends as {job['state']}: {job.get('message')}",
        )
        test.expect(sorted(path.name for path in (test.data / "models").iterdir()) == models, "it leaves no file")
        reads_go_on(test, client)
        health = client.send("GET", "/healthz").body
        test.expect(health["status"] == "degraded", f"/healthz says {health['status']}: {health.get('detail')}")
        erased = client.send("DELETE", "/users/1")
        test.expect(erased.status in (200, 507), f"an erasure is answered {erased.status}")

        test.empty_disk()
        answer = test.post(client, "after")
        test.expect(answer.status == 200, "with space a write is taken at once")
        health = client.send("GET", "/healthz").body
        test.expect(health["status"] == "healthy", f"/healthz says {health['status']}")
        test.expect(client.ask("POST", "/train", TRAINING)["state"] == "succeeded", "and a model is trained")
        server.kill()
        server.start()
        client = Client(server.url, timeout=60)
        with Store(test.data) as store:
            names = store.names()
            test.expect(store.integrity() == [], "after kill -9 every page is whole")
        test.expect(test.acknowledged <= names, f"all {len(test.acknowledged)} writes that were acknowledged are there")
        test.expect(not test.refused & names, f"none of {len(test.refused)} that were refused is")
        test.expect(erased.status != 200 or "1" not in names, "nobody erased is")
        test.expect(faults_of_files(test.data) == [], "nothing is left behind")
        test.expect(server.stop() == 0, "it stops in order")


def reads_go_on(test, client):
    for target in ("/recommend?user_id=2", "/predict?user_id=2&item_id=3", "/interactions?user_id=2", "/readyz", "/livez"):
        answer = client.send("GET", target)
        test.expect(answer.status == 200, f"GET {target} is answered {answer.status}")
    test.expect(client.send("GET", "/recommend?user_id=2").fields["Nectar-Model"] == "v1", "the model still serves")


def erasure_is_finished(test):
    """An erasure whose models could not be written anew for want of space is finished when there is some."""
    print("an erasure on a disk with hardly any space")
    with test.server() as server:
        server.start()
        client = Client(server.url, timeout=60)
        # Enough for the record, and not for a model beside the old one.
        test.fill_disk(leaving=150_000)
        answer = client.send("DELETE", "/users/2")
        test.expect(answer.status == 200, f"the erasure is answered {answer.status}")
        time.sleep(2)
        test.expect(knows(test.data) and "could not be cleaned" in server.end_of_log(), "no model can be written")
        test.empty_disk()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and knows(test.data):
            time.sleep(0.5)
        test.expect(not knows(test.data), "the models' files lose the user once there is space")
        test.expect(server.stop() == 0, "it stops in order")


def knows(data):
    """Whether an erasure is pending."""
    with Store(data) as store:
        return store.database.execute("SELECT count(*) FROM erasures WHERE pending").fetchone()[0] > 0


def limited_files(test):
    print("a limit on the size of files")
    with test.server() as server:
        server.start()
        client = Client(server.url, timeout=60)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        answer = test.post(client, "limited")
        test.expect(answer.status == 507 and "no space" in detail(answer), f"a write is answered {answer.status}: {detail(answer)}")
        test.expect(client.send("GET", "/recommend?user_id=3").status == 200, "reads go on")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        test.expect(test.post(client, "limited-2").status == 200, "without the limit a write is taken")
        server.kill()
        server.start()
        with Store(test.data) as store:
            names = store.names()
        test.expect("limited-2" in names and "limited" not in names, "after kill -9 what was refused is not there")
        test.expect(server.stop() == 0, "it stops in order")


def nearly_full_disk(test):
    print("less than storage.minimum_free_megabytes")
    os.environ["NECTAR_STORAGE_MINIMUM_FREE_MEGABYTES"] = "8"
    with test.server() as server:
        test.fill_disk(leaving=4 << 20)
        server.start()
        client = Client(server.url, timeout=60)
        answer = test.post(client, "nearly")
        test.expect(
            answer.status == 507 and "storage.minimum_free_megabytes" in detail(answer),
            f"a write is answered {answer.status}: {detail(answer)}",
        )
        test.expect(client.send("GET", "/recommend?user_id=3").status == 200, "reads go on")
        test.expect(client.send("DELETE", "/users/4").status == 200, "an erasure is carried out")
        test.empty_disk()
        test.expect(test.post(client, "nearly-2").status == 200, "with space a write is taken")
        test.expect(server.stop() == 0, "it stops in order")
    test.expect("minimum_free_megabytes" in test.server().end_of_log(200), "the start has said so in the log")


def read_only_disk(test):
    print("a disk that is read only")
    subprocess.run(["mount", "-o", "remount,ro", str(test.disk)], check=True)
    arguments = [test.program, "serve", "--port", "0", "--data", str(test.data)]
    outcome = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    test.expect(
        outcome.returncode == 1 and "read only" in outcome.stderr, f"serve ends with {outcome.returncode}: {outcome.stderr.strip()}"
    )
    subprocess.run(["mount", "-o", "remount,rw", str(test.disk)], check=True)
    with test.server() as server:
        server.start()
        test.expect(server.stop() == 0, "and serves when it is not")


def main(program):
    with tempfile.TemporaryDirectory(prefix="nectar-fault-test-") as folder:
        disk = pathlib.Path(folder) / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(disk)], check=True)
        try:
            test = Test(program, disk)
            for phase in (full_disk, erasure_is_finished, limited_files, nearly_full_disk, read_only_disk):
                phase(test)
        finally:
            subprocess.run(["umount", str(disk)], check=False)
    print(f"{len(test.faults)} faults" if test.faults else "no fault")
    return 1 if test.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
