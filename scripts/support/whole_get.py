"""Instructions that the whole echo server takes for one GET: from the wake-up to the next, libraries included.

    whole_get.py BUILT          prints the number; the table of docs/benchmarks.md guards it as `whole-get`

Fails where any of them count a reference: on this way the server retains nothing for a request.
"""

import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

from measured_server import BODY, free_port
from wrk_load import request_text

TABLE = pathlib.Path(__file__).parents[2] / "docs/benchmarks.md"
# A thousand requests before it is counted warm up whatever is done once.
FEWER, MORE = 1000, 3000


def connect(port, process):
    while process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"the echo server ended under valgrind, with {process.returncode}")


def ask(client, text, times):
    for _ in range(times):
        client.sendall(text)
        answer = b""
        while not answer.endswith(BODY.encode()):
            piece = client.recv(4096)
            if not piece:
                raise SystemExit("the echo server ended the connection")
            answer += piece


def collected(built, requests):
    """The instructions of a whole run with so many requests, the kernel's not counted, and the calls that count references."""
    port = free_port()
    with tempfile.NamedTemporaryFile() as out:
        process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--compress-strings=no", f"--callgrind-out-file={out.name}",
             f"{built}/EchoServer", "--port",
             str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(port, process) as client:
                ask(client, request_text("GET", port).encode(), requests)
        finally:
            process.terminate()
            process.wait()
        profile = open(out.name).read()
        calls = re.findall(r"^cfn=swift_(?:retain|release)(?:_n|'\d+)?\ncalls=(\d+)", profile, re.M)
        return int(re.search(r"^(?:summary|totals): (\d+)", profile, re.M)[1]), sum(map(int, calls))


def count(built):
    (fewer, fewer_calls), (more, more_calls) = (collected(built, requests) for requests in (FEWER, MORE))
    counted = (more_calls - fewer_calls) / (MORE - FEWER)
    # Once a second the date is made anew, which counts some.
    if counted > 0.5:
        raise SystemExit(f"A GET counts {counted:.2f} references: find out with callgrind who calls swift_retain.")
    return round((more - fewer) / (MORE - FEWER))


def recorded():
    row = re.search(r"^\| `whole-get` \|.*\| ([\d,]+) \|$", TABLE.read_text(), re.M)
    if not row:
        raise SystemExit(f"{TABLE.name} has no row for whole-get")
    return int(row[1].replace(",", ""))


def growth(found):
    """A sentence if it is more than 5 % above what the table says, else None."""
    expected = recorded()
    if found > expected * 1.05:
        return f"A GET took {expected:,} instructions and takes {found:,}: mend it, or record it in {TABLE.name}."
    return None


if __name__ == "__main__":
    print(count(sys.argv[1]))
