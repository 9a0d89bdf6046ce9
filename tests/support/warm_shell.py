"""A program ``bench`` for shells, which has a process run it that need not import anything."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Thread

from warm import can_be_warm, run_warm
from warm_workers import LONGEST

_CLIENT = """
import json, os, socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, {longest})
connection.connect({address!r})
request = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
socket.send_fds(connection, [json.dumps(request).encode()], [1, 2])
sys.exit(int(connection.recv(100)))
"""
_NUMBERS = count()


@contextmanager
def program(file: Path, libraries: tuple[str, ...]) -> Iterator[None]:
    """Have a program be there while inside that is ``bench``, with ``libraries`` imported where that can be."""
    client = f"exec {shlex.quote(sys.executable)} -m benchmark"
    if not sys.platform.startswith("linux"):
        _write(file, client)
        yield
        return
    # Linux needs no file for it, whose path would be too long.
    address = f"\0bench-{os.getpid()}-{next(_NUMBERS)}"
    code = file.with_name("client.py")
    code.write_text(_CLIENT.format(longest=2 * LONGEST, address=address))
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as listening:
        listening.bind(address)
        listening.listen()
        Thread(target=_serve, args=(listening, libraries), daemon=True).start()
        _write(file, f"exec {shlex.quote(sys.executable)} -I -S {shlex.quote(str(code))}")
        yield
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def _write(file: Path, command: str) -> None:
    file.write_text(f'#!/bin/sh\n{command} "$@"\n')
    file.chmod(0o755)


def _serve(listening: socket.socket, libraries: tuple[str, ...]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            Thread(target=_answer, args=(connection, libraries), daemon=True).start()


def _answer(connection: socket.socket, libraries: tuple[str, ...]) -> None:
    with connection:
        message, files, _, _ = socket.recv_fds(connection, LONGEST, 2)
        request = json.loads(message)
        environment = request["environment"]
        try:
            # What libraries read there when they are imported is in neither home.
            if can_be_warm({**environment, "HOME": os.environ["HOME"]}):
                code = run_warm(request, files, libraries)
            else:
                command = [sys.executable, "-m", "benchmark", *request["arguments"]]
                code = subprocess.run(
                    command, cwd=request["folder"], env=environment, stdout=files[0], stderr=files[1],
                    stdin=subprocess.DEVNULL, check=False,
                ).returncode  # fmt: skip
        finally:
            for file in files:
                os.close(file)
        # As a shell says it.
        connection.send(str(code if code >= 0 else 128 - code).encode())
