"""The tables of `scripts/bench http`: CPU time for a request, by the process's own count, of servers on one core.

wrk saturates before a good server does, so its rate says little; what counts is the time the server's process used,
from /proc/PID/stat, for the requests that wrk counted.
"""

import argparse
import statistics
import sys
import tempfile

import bench_latency
import bench_tls
import whole_get
from measured_server import CONNECTIONS, Server, echo, free_port, nginx, spread
from wrk_load import DEPTH, request_text, wrk


def measure(server, kind, seconds, folder):
    """Requests a second, and user and all microseconds of the server for one."""
    user, both, (requests, rate) = server.cost(lambda: wrk(server, kind, seconds, folder))
    return rate, user / requests * 1e6, both / requests * 1e6


def compared(built, kind, folder):
    port = free_port()
    length = len(request_text("POST" if kind == "POST" else "GET", port))
    servers = [Server("C epoll loop", [f"{built}/epoll_loop", str(port), str(length)], port), echo(built)]
    # nginx's `return` does not read content.
    return servers + ([nginx(folder)] if kind != "POST" else [])


def request_table(options, folder):
    """Prints the table; returns how many GETs a second Nectar answered."""
    capacity = 0
    print("| request | server | user µs | user + system µs | × C | requests/s | × C |\n|---|---|---|---|---|---|---|")
    for kind in ("GET", "POST", "pipelined"):
        servers = compared(options.built, kind, folder)
        results = {server.name: [] for server in servers}
        # In turns, so that whatever else the machine does meets all of them.
        for _ in range(options.rounds):
            for server in servers:
                results[server.name].append(measure(server, kind, options.seconds, folder))
        floor = None
        for server in servers:
            rate, user, total = (statistics.median(column) for column in zip(*results[server.name]))
            floor = floor or (rate, total)
            if (kind, server.name) == ("GET", "Nectar"):
                capacity = rate
            name = f"{kind}, {DEPTH} deep" if kind == "pipelined" else kind
            print(f"| {name} | {server.name} | {user:.2f} | {spread([each[2] for each in results[server.name]], 2)} "
                  f"| {total / floor[1]:.2f} | {rate:,.0f} | {rate / floor[0]:.2f} |", flush=True)
        for server in servers:
            server.stop()
    return capacity


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("built")
    parser.add_argument("certificate")
    parser.add_argument("key")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--idle", type=int)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    print(f"{CONNECTIONS} connections, medians of {options.rounds} rounds of {options.seconds} s (least–most):\n")
    with tempfile.TemporaryDirectory() as folder:
        if options.tls:
            return bench_tls.tables(options, folder)
        capacity = request_table(options, folder)
        bench_tls.tables(options, folder)
        bench_latency.at_half(options, capacity, folder)
        if options.idle:
            bench_latency.beside_idle(options, capacity)
    count = whole_get.count(options.built)
    print(f"\nInstructions for one GET on one connection (callgrind, the kernel's not counted): {count:,}")
    return whole_get.growth(count)


sys.exit(main())
