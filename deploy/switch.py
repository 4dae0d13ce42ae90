#!/usr/bin/env python3
"""Switch two sets of servers, blue and green, to another release: `switch.py RELEASE`.

The set that does not answer now gets the release, is reloaded, and is asked until each of its
servers has it. Then the proxy is told, in one step, so that no client comes back to the older
release. What fails before that step changes nothing for clients. The former set goes on with the
former release: `switch.py` with that release's folder goes back, on purpose. Needs Python 3.9 and
nothing else.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

GREEN_ANSWERS = "live-green"
HAPROXY_MAP = "haproxy.map"


def main() -> None:
    """Read the arguments and switch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("release", type=Path, help="folder of the release to serve")
    parser.add_argument("--home", type=Path, default=Path("/srv/jiqun"), help="folder of the links")
    parser.add_argument("--blue", default="8001,8002,8003", help="ports of the blue servers")
    parser.add_argument("--green", default="8011,8012,8013", help="ports of the green servers")
    parser.add_argument("--reload", default="systemctl reload-or-restart", help="command")
    parser.add_argument("--name", default="jiqun-{set}@{port}", help="name of a server for it")
    parser.add_argument("--haproxy", type=Path, help="socket of HAProxy, where it is the proxy")
    parser.add_argument("--seconds", type=float, default=120, help="time for them to be ready")
    options = parser.parse_args()
    try:
        switch(options)
    except (OSError, RuntimeError, KeyError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"switch.py: the servers answer as before: {error}")


def switch(options: argparse.Namespace) -> None:
    """Prepare the idle set, then make it the one that answers."""
    home: Path = options.home
    manifest = json.loads((options.release / "manifest.json").read_text("utf-8"))
    identifier = manifest["release"]
    idle = "blue" if (home / GREEN_ANSWERS).exists() else "green"
    ports = [int(port) for port in getattr(options, idle).split(",")]
    point(home / idle, options.release.resolve())
    names = [options.name.format(set=idle, port=port) for port in ports]
    subprocess.run([*shlex.split(options.reload), *names], check=True)  # noqa: S603
    end = time.monotonic() + options.seconds
    for port in ports:
        wait_for(port, identifier, end)
    tell_proxy(home, idle, options.haproxy)
    print(f"{idle} answers, with release {identifier[:12]}")  # noqa: T201


def point(link: Path, target: Path) -> None:
    """Make a link, or point it elsewhere in one step."""
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def wait_for(port: int, identifier: str, end: float) -> None:
    """Return when the server on a port answers from the release; raises `RuntimeError`."""
    while True:
        said = ready(port)
        if f"release {identifier}" in said.splitlines():
            return
        if time.monotonic() > end:
            raise RuntimeError(f"port {port} is not ready with the release; it said: {said!r}")
        time.sleep(0.2)


def ready(port: int) -> str:
    """Return the status reported by a server, or the error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().read().decode("utf-8", "replace")
    except OSError as error:
        return str(error)
    finally:
        connection.close()


def tell_proxy(home: Path, live: str, haproxy: Path | None) -> None:
    """Make a set the one that answers; raises `RuntimeError` when HAProxy refuses."""
    file = home / HAPROXY_MAP
    if haproxy is not None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(os.fspath(haproxy))
            connection.sendall(f"set map {file} live {live}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            said = connection.recv(4096).decode().strip()
        if said:
            raise RuntimeError(f"HAProxy says: {said}")
    new = file.with_suffix(".new")
    new.write_text(f"live {live}\n", "ascii")
    new.replace(file)
    if live == "green":
        (home / GREEN_ANSWERS).touch()
    else:
        (home / GREEN_ANSWERS).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
