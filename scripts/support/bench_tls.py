"""What TLS costs beside nginx with the same certificate: handshakes, requests, and the memory of an idle connection.

The load saturates before the servers do: verifying a signature and both ends of a key exchange cost the client more
than the server. So here too it is the server's CPU time that counts.
"""

import re
import statistics
import subprocess

from measured_server import CONNECTIONS, echo, nginx, on_client_core, spread
from wrk_load import wrk

IDLE_CONNECTIONS = "9900"


def handshakes(server, kind, options):
    output = on_client_core([f"{options.built}/tls_handshakes", str(server.port), str(options.seconds), kind])
    count, seconds = re.match(r"(\d+) handshakes in ([\d.]+) s", output).groups()
    return int(count), int(count) / float(seconds)


def works(options, folder):
    return {
        "full handshake": lambda server: handshakes(server, "full", options),
        "resumed handshake": lambda server: handshakes(server, "resumed", options),
        f"GET on {CONNECTIONS} connections": lambda server: wrk(server, "GET", options.seconds, folder, "https"),
    }


def measure(server, work):
    """How often a second, and user and all microseconds of the server for one."""
    user, both, (count, rate) = server.cost(lambda: work(server))
    return rate, user / count * 1e6, both / count * 1e6


def tables(options, folder):
    cost_table(options, folder)
    idle_table(options)


def cost_table(options, folder):
    pair = (options.certificate, options.key)
    servers = [nginx(folder, pair), echo(options.built, "--tls-certificate", pair[0], "--tls-key", pair[1])]
    print("\nTLS 1.3 and a P-256 certificate:\n")
    print("| work | server | user µs | user + system µs | × nginx | a second | × nginx |\n|---|---|---|---|---|---|---|")
    for name, work in works(options, folder).items():
        results = {server.name: [] for server in servers}
        # In turns, so that whatever else the machine does meets both.
        for _ in range(options.rounds):
            for server in servers:
                results[server.name].append(measure(server, work))
        first = None
        for server in servers:
            rate, user, total = (statistics.median(column) for column in zip(*results[server.name]))
            first = first or (rate, total)
            print(f"| {name} | {server.name} | {user:.1f} | {spread([each[2] for each in results[server.name]], 1)} "
                  f"| {total / first[1]:.2f} | {rate:,.0f} | {rate / first[0]:.2f} |", flush=True)
    for server in servers:
        server.stop()


def idle_table(options):
    """What the heap grows by for a connection that rests after a request, and how much of that OpenSSL asked for."""
    print(f"\n{IDLE_CONNECTIONS} idle connections, octets each:\n")
    print("| connection | heap | of it OpenSSL's | resident |\n|---|---|---|---|")
    for name, certificate in {"plain": [], "TLS": [options.certificate, options.key]}.items():
        output = subprocess.run([f"{options.built}/IdleConnections", IDLE_CONNECTIONS, *certificate],
                                check=True, capture_output=True, text=True).stdout
        cells = (f"{int(octets):,}" for octets in re.findall(r"(-?\d+) octets", output))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
