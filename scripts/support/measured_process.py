"""Runs a program to its end and tells what it took."""

import os
import subprocess
import tempfile
import threading
import time


class Finished:
    """What a program printed, how it ended, its seconds on the clock and of CPU, and the most memory it held, in MB."""

    def __init__(self, status, usage, seconds, output, errors):
        self.status, self.seconds, self.output, self.errors = status, seconds, output, errors
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        # Linux counts kibibytes.
        self.peak_megabytes = usage.ru_maxrss * 1024 / 1e6


def run(command, environment=None, core=None, limit=600):
    """Runs `command`, on one core where one is named; it is killed after `limit` seconds."""
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=environment)
        killer = threading.Timer(limit, process.kill)
        killer.start()
        try:
            # Of this child alone, unlike getrusage.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        output.seek(0)
        errors.seek(0)
        return Finished(process.returncode, usage, seconds, output.read().decode(), errors.read().decode())
