"""A server on a core of its own, and what it has cost so far by the scheduler's count: what the benchmarks share."""

import os
import signal
import socket
import statistics
import subprocess
import time

SERVER_CORE, CLIENT_CORE = "0", "1"
CONNECTIONS = 64
BODY = "x" * 200
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_client_core(command):
    """What a load program prints, run on the core that the servers are not on."""
    done = subprocess.run(["taskset", "-c", CLIENT_CORE, *command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def spread(column, digits=0):
    """The median, and from where to where the others lie."""
    return (f"{statistics.median(column):,.{digits}f} "
            f"({min(column):,.{digits}f}–{max(column):,.{digits}f})")


class Server:
    """A running server; `echo` and `nginx` make those that are compared."""

    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
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

    def cost(self, load):
        """User time and user and system time that the server used while `load` ran, in seconds, and what that returned."""
        before = self.cpu()
        result = load()
        user, system, exact = (after - start for after, start in zip(self.cpu(), before))
        # The ticks tell how user and system share; the scheduler tells how much it was in all.
        share = user / (user + system) if user + system else 0
        return exact * share, exact, result

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def echo(built, *options, name="Nectar"):
    port = free_port()
    return Server(name, [f"{built}/EchoServer", "--port", str(port), *options], port)


def nginx(folder, certificate=None):
    """nginx with the same answer; with a certificate (a file and its key's) by TLS, whose settings are its own."""
    port = free_port()
    path = os.path.join(folder, f"nginx-{port}.conf")
    tls = ""
    if certificate:
        tls = f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]}; ssl_protocols TLSv1.2 TLSv1.3;\n"
    with open(path, "w") as configuration:
        configuration.write(
            f"daemon off; worker_processes 1; pid {folder}/nginx-{port}.pid; error_log /dev/null crit;\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off; keepalive_requests 1000000000;\n"
            f"server {{ listen 127.0.0.1:{port}{' ssl' if certificate else ''};\n{tls}"
            f"location / {{ default_type application/json; return 200 '{BODY}'; }} }} }}\n")
    return Server("nginx, `return 200`", ["nginx", "-c", path, "-p", folder], port)
