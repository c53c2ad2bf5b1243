"""wrk's closed loop: one kind of request, again and again, on kept connections."""

import os
import re

from measured_server import BODY, CONNECTIONS, on_client_core

DEPTH = 16


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


def wrk(server, kind, seconds, folder, scheme="http"):
    """How many requests were answered, and how many a second."""
    output = on_client_core(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", wrk_script(folder, kind, server.port),
         f"{scheme}://127.0.0.1:{server.port}/"])
    if re.search(r"Non-2xx|Socket errors: .*[1-9]", output):
        raise SystemExit(f"{server.name}: {output}")
    return int(re.search(r"(\d+) requests in", output)[1]), float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
