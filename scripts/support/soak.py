"""The rounds of `scripts/soak`: load, resets, reloads, and a drain at the end of each, which has to come to its end."""

import os
import random
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

ROUND = 8
REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
    b"GET /offloaded HTTP/1.1\r\nHost: a\r\n\r\nGET /deferred HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000,
    b"POST /streamed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"y" * 1024
    + b"\r\n0\r\n\r\n",
    b"POST /streamed HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"z" * 100000,
    b"GET / HTTP/2.0\r\n\r\n",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect(port, encrypted):
    client = socket.create_connection(("127.0.0.1", port), 5)
    if not encrypted:
        return client
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(client)


def reset_at_every_point(port, encrypted, stop, counts, seed):
    """Sends a part of a request or all of it, reads some of the answer or none, and ends with RST or in good order."""
    choices = random.Random(seed)
    while not stop.is_set():
        try:
            client = connect(port, encrypted)
            text = choices.choice(REQUESTS)
            client.sendall(text[:choices.randint(0, len(text))])
            if choices.random() < 0.5:
                client.settimeout(0.02)
                client.recv(choices.randint(1, 4096))
        except OSError:
            pass
        else:
            counts["connections"] += 1
        try:
            if choices.random() < 0.8:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        except (OSError, UnboundLocalError):
            pass


def one_round(program, folder, encrypted, seed):
    port = free_port()
    command = [program, "--port", str(port), "--loops", "2", "--max-connections", "200", "--max-connections-per-client",
               "200", "--field-section-timeout", "1", "--body-timeout", "1", "--idle-timeout", "2"]
    if encrypted:
        command += ["--tls-certificate", f"{folder}/certificate.pem", "--tls-key", f"{folder}/key.pem"]
    log = os.path.join(folder, "stderr")
    with open(log, "w") as errors:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors,
                                  env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1 exitcode=66"})
    server.stdout.readline()
    stop, counts = threading.Event(), {"connections": 0}
    resetters = [threading.Thread(target=reset_at_every_point, args=(port, encrypted, stop, counts, seed * 10 + index))
                 for index in range(3)]
    for resetter in resetters:
        resetter.start()
    scheme = "https" if encrypted else "http"
    # Longer than the round: the drain meets it at work.
    load = [subprocess.Popen(["wrk", "-t1", "-c8", f"-d{ROUND + 4}s", f"{scheme}://127.0.0.1:{port}{path}"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for path in ("/", "/offloaded", "/deferred")]
    for _ in range(ROUND):
        time.sleep(1)
        if encrypted:
            server.send_signal(signal.SIGHUP)
    server.send_signal(signal.SIGTERM)
    try:
        status = server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()
        status = "no end within 60 s of SIGTERM"
    stop.set()
    for part in load:
        part.terminate()
        part.wait()
    for resetter in resetters:
        resetter.join()
    reports = open(log).read()
    if status != 0 or reports:
        raise SystemExit(f"seed {seed}, {scheme}: status {status}\n{reports}")
    return counts["connections"]


def main():
    program, folder, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    end = time.monotonic() + seconds
    rounds = connections = 0
    while time.monotonic() < end:
        connections += one_round(program, folder, rounds % 2 == 1, rounds)
        rounds += 1
    print(f"{rounds} rounds, {connections:,} connections cut short: no report, every drain came to its end.")


main()
