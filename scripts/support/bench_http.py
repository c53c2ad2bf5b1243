"""The table of `scripts/bench http`: CPU time for a request, by the process's own count, of servers on one core.

wrk saturates before a good server does, so its rate says little; what counts is the time the server's process used,
from /proc/PID/stat, for the requests that wrk counted.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64
DEPTH = 16
BODY = "x" * 200
SERVER_CORE, CLIENT_CORE = "0", "1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request_text(method, port):
    head = f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    return head + (f"Content-Length: {len(BODY)}\r\n\r\n{BODY}" if method == "POST" else "\r\n")


def wrk_script(folder, kind, port):
    """wrk sends exactly these octets, whatever fields it would have added."""
    method = "POST" if kind == "POST" else "GET"
    text = request_text(method, port) * (DEPTH if kind == "pipelined" else 1)
    path = os.path.join(folder, f"{kind}-{port}.lua")
    with open(path, "w") as script:
        script.write(f"local text = [==[\n{text}]==]\ntext = text:gsub('\\r?\\n', '\\r\\n')\n")
        script.write("request = function() return text end\n")
    return path


class Server:
    def __init__(self, name, command, port, length=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{name} does not listen")

    def processes(self):
        """The process and its children: nginx works in one."""
        family = [self.process.pid]
        for task in os.listdir("/proc"):
            if task.isdigit():
                try:
                    if int(open(f"/proc/{task}/stat").read().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                        family.append(int(task))
                except OSError:
                    pass
        return family

    def cpu(self):
        """User and system time of all threads so far, in seconds, by the scheduler's count rather than by ticks."""
        user = system = exact = 0
        for process in self.processes():
            fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
            user += int(fields[11]) / TICKS
            system += int(fields[12]) / TICKS
            for task in os.listdir(f"/proc/{process}/task"):
                exact += int(open(f"/proc/{process}/task/{task}/schedstat").read().split()[0]) / 1e9
        return user, system, exact

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


def measure(server, kind, seconds, folder):
    before = server.cpu()
    output = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s",
         wrk_script(folder, kind, server.port), f"http://127.0.0.1:{server.port}/"],
        check=True, capture_output=True, text=True).stdout
    user, system, exact = (after - start for after, start in zip(server.cpu(), before))
    requests = int(re.search(r"(\d+) requests in", output)[1])
    if re.search(r"Non-2xx|Socket errors: .*[1-9]", output):
        raise SystemExit(f"{server.name}: {output}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    # The ticks tell how user and system share; the scheduler tells how much it was in all.
    share = user / (user + system) if user + system else 0
    return rate, exact * share / requests * 1e6, exact / requests * 1e6


def nginx(folder):
    if not shutil.which("nginx"):
        print("nginx is not installed (apt-get install nginx-light); it is left out.")
        return None
    port = free_port()
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w") as configuration:
        configuration.write(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null crit;\n"
            "events { worker_connections 4096; }\n"
            f"http {{ access_log off; keepalive_requests 1000000000; server {{ listen 127.0.0.1:{port};\n"
            f"location / {{ default_type application/json; return 200 '{BODY}'; }} }} }}\n")
    return Server("nginx, `return 200`", ["nginx", "-c", path, "-p", folder], port)


def instructions(built):
    """Instructions of the echo server for one GET, every system call and library included, counted by callgrind."""
    if not shutil.which("valgrind"):
        return None
    port = free_port()
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        for requests in (1000, 3000):
            out = os.path.join(folder, f"{requests}.out")
            process = subprocess.Popen(
                ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"{built}/EchoServer", "--port",
                 str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            client = None
            while client is None:
                try:
                    client = socket.create_connection(("127.0.0.1", port))
                except OSError:
                    time.sleep(0.05)
            text = request_text("GET", port).encode()
            for _ in range(requests):
                client.sendall(text)
                answer = b""
                while not answer.endswith(BODY.encode()):
                    answer += client.recv(4096)
            client.close()
            process.terminate()
            process.wait()
            counts.append(int(re.search(r"^(?:summary|totals): (\d+)", open(out).read(), re.M)[1]))
    return (counts[1] - counts[0]) / 2000


def latencies(port, requests=4000):
    """One client on a connection of its own, one request after the other: sorted, in microseconds."""
    text = request_text("GET", port).encode()
    found = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(requests):
            start = time.perf_counter_ns()
            client.sendall(text)
            answer = b""
            while not answer.endswith(BODY.encode()):
                answer += client.recv(4096)
            found.append((time.perf_counter_ns() - start) / 1000)
    return sorted(found)


def beside_idle(built, count):
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    port = free_port()
    server = Server("Nectar", [f"{built}/EchoServer", "--port", str(port), "--max-connections", str(count + 64)], port)
    os.sched_setaffinity(0, {int(CLIENT_CORE)})
    rows, idle = [], []
    for wanted in (0, count):
        while len(idle) < wanted:
            idle.append(socket.create_connection(("127.0.0.1", port)))
        rounds = [latencies(port) for _ in range(5)]
        rows.append([statistics.median(round[int(len(round) * q)] for round in rounds) for q in (0.5, 0.99)])
    for client in idle:
        client.close()
    server.stop()
    print(f"\nOne client beside idle connections, median of 5 rounds of 4,000 requests:\n")
    print("| idle connections | p50 µs | p99 µs |\n|---|---|---|")
    for wanted, (half, most) in zip((0, count), rows):
        print(f"| {wanted:,} | {half:.0f} | {most:.0f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("built")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--idle", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"{CONNECTIONS} connections, medians of {options.rounds} rounds of {options.seconds} s (least–most):\n")
        print("| request | server | user µs | user + system µs | × C | requests/s | × C |\n|---|---|---|---|---|---|---|")
        for kind in ("GET", "POST", "pipelined"):
            port = free_port()
            length = len(request_text("POST" if kind == "POST" else "GET", port))
            servers = [Server("C epoll loop", [f"{options.built}/epoll_loop", str(port), str(length)], port)]
            port = free_port()
            servers.append(Server("Nectar", [f"{options.built}/EchoServer", "--port", str(port)], port))
            if kind != "POST":
                servers += filter(None, [nginx(folder)])
            results = {server.name: [] for server in servers}
            # In turns, so that whatever else the machine does meets all of them.
            for _ in range(options.rounds):
                for server in servers:
                    results[server.name].append(measure(server, kind, options.seconds, folder))
            floor = None
            for server in servers:
                rate, user, total = (statistics.median(column) for column in zip(*results[server.name]))
                totals = [result[2] for result in results[server.name]]
                floor = floor or (rate, total)
                name = f"{kind}, {DEPTH} deep" if kind == "pipelined" else kind
                print(f"| {name} | {server.name} | {user:.2f} | {total:.2f} ({min(totals):.2f}–{max(totals):.2f}) "
                      f"| {total / floor[1]:.2f} | {rate:,.0f} | {rate / floor[0]:.2f} |", flush=True)
            for server in servers:
                server.stop()
    count = instructions(options.built)
    if count:
        print(f"\nInstructions for one GET on one connection (callgrind, kernel not counted): {count:,.0f}")
    print(subprocess.run([f"{options.built}/IdleConnections", "9900"], capture_output=True, text=True).stdout)
    if options.idle:
        beside_idle(options.built, options.idle)


main()
