"""The table of `scripts/bench http`: CPU time for a request, by the process's own count, of servers on one core.

wrk saturates before a good server does, so its rate says little; what counts is the time the server's process used,
from /proc/PID/stat, for the requests that wrk counted.
"""

import argparse
import json
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


def open_loop(built, port, rate, seconds):
    """p50, p99 and p99.9 in microseconds at so many requests a second, each counted from when it was due."""
    output = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, f"{built}/OpenLoop", "--port", str(port), "--connections", str(CONNECTIONS),
         "--rate", str(rate), "--seconds", str(seconds), "--warm-up", "0.5", "--json"],
        capture_output=True, text=True)
    if output.returncode:
        raise SystemExit(f"OpenLoop: {output.stdout}{output.stderr}")
    found = json.loads(output.stdout)
    return [found[name] for name in ("p50", "p99", "p99.9")]


def latency_table(built, servers, rate, rounds, seconds):
    """The servers in turns, so that whatever else the machine does meets all of them."""
    results = {name: [] for name in servers}
    for _ in range(rounds):
        for name, port in servers.items():
            results[name].append(open_loop(built, port, rate, seconds))
    print("| server | p50 µs | p99 µs | p99.9 µs |\n|---|---|---|---|")
    for name, found in results.items():
        columns = [sorted(column) for column in zip(*found)]
        cells = (f"{statistics.median(column):,.0f} ({column[0]:,.0f}–{column[-1]:,.0f})" for column in columns)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def latency_at_half(built, capacity, options, folder):
    port = free_port()
    servers = [Server("Nectar", [f"{built}/EchoServer", "--port", str(port)], port)]
    servers += filter(None, [nginx(folder)])
    print(f"\nGET at {capacity / 2:,.0f} requests a second, half of what wrk got, {CONNECTIONS} connections, open loop:\n")
    latency_table(built, {server.name: server.port for server in servers}, capacity / 2, options.rounds, options.seconds)
    for server in servers:
        server.stop()


def latency_beside_idle(built, capacity, options):
    import resource
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ports = {"alone": free_port(), f"beside {options.idle:,} idle connections": free_port()}
    servers = [
        Server(name, [f"{built}/EchoServer", "--port", str(port), "--max-connections", str(options.idle + 128),
                      "--idle-timeout", "3600"], port)
        for name, port in ports.items()]
    idle = []
    for _ in range(options.idle):
        idle.append(socket.create_connection(("127.0.0.1", servers[1].port)))
        idle[-1].sendall(request_text("GET", servers[1].port).encode())
        idle[-1].recv(4096)
    print(f"\nGET at {capacity / 4:,.0f} requests a second, a quarter of what wrk got:\n")
    latency_table(built, ports, capacity / 4, options.rounds, options.seconds)
    for client in idle:
        client.close()
    for server in servers:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("built")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--idle", type=int)
    options = parser.parse_args()
    capacity = 0
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
                if (kind, server.name) == ("GET", "Nectar"):
                    capacity = rate
                name = f"{kind}, {DEPTH} deep" if kind == "pipelined" else kind
                print(f"| {name} | {server.name} | {user:.2f} | {total:.2f} ({min(totals):.2f}–{max(totals):.2f}) "
                      f"| {total / floor[1]:.2f} | {rate:,.0f} | {rate / floor[0]:.2f} |", flush=True)
            for server in servers:
                server.stop()
    count = instructions(options.built)
    if count:
        print(f"\nInstructions for one GET on one connection (callgrind, kernel not counted): {count:,.0f}")
    print(subprocess.run([f"{options.built}/IdleConnections", "9900"], capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory() as folder:
        latency_at_half(options.built, capacity, options, folder)
    if options.idle:
        latency_beside_idle(options.built, capacity, options)


main()
