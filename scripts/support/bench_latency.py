"""Latencies under a load that does not wait for answers (Benchmarks/OpenLoop)."""

import json
import resource
import socket

from measured_server import CONNECTIONS, echo, nginx, on_client_core, spread
from wrk_load import request_text


def open_loop(built, server, rate, seconds):
    """p50, p99 and p99.9 in microseconds at so many requests a second, each counted from when it was due."""
    found = json.loads(on_client_core(
        [f"{built}/OpenLoop", "--port", str(server.port), "--connections", str(CONNECTIONS), "--rate", str(rate),
         "--seconds", str(seconds), "--warm-up", "0.5", "--json"]))
    return [found[name] for name in ("p50", "p99", "p99.9")]


def table(options, servers, rate):
    """The servers in turns, so that whatever else the machine does meets all of them."""
    results = {server.name: [] for server in servers}
    for _ in range(options.rounds):
        for server in servers:
            results[server.name].append(open_loop(options.built, server, rate, options.seconds))
    print("| server | p50 µs | p99 µs | p99.9 µs |\n|---|---|---|---|")
    for name, found in results.items():
        print(f"| {name} | {' | '.join(spread(column) for column in zip(*found))} |", flush=True)
    for server in servers:
        server.stop()


def at_half(options, capacity, folder):
    print(f"\nGET at {capacity / 2:,.0f} requests a second, half of what wrk got, {CONNECTIONS} connections, open loop:\n")
    table(options, [echo(options.built), nginx(folder)], capacity / 2)


def beside_idle(options, capacity):
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    most = str(options.idle + 2 * CONNECTIONS)
    limits = ["--max-connections", most, "--max-connections-per-client", most, "--idle-timeout", "3600"]
    servers = [echo(options.built, *limits, name=name)
               for name in ("alone", f"beside {options.idle:,} idle connections")]
    idle = []
    for _ in range(options.idle):
        idle.append(socket.create_connection(("127.0.0.1", servers[1].port)))
        idle[-1].sendall(request_text("GET", servers[1].port).encode())
        idle[-1].recv(4096)
    print(f"\nGET at {capacity / 4:,.0f} requests a second, a quarter of what wrk got:\n")
    table(options, servers, capacity / 4)
    for client in idle:
        client.close()
