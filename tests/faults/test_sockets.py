"""What a run listens to: nobody but itself gets anything there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from faulty import tree, wait_for

pytestmark = pytest.mark.slow

# Runs as another user: whatever it sends, it must get nothing that a stranger could use.
STRANGER = """
import asyncio, json, os, socket, sys
import distributed
from distributed import Client, Security
from distributed.comm import connect
import distributed.protocol.pickle, distributed.worker, cryptography.x509

ports = json.loads(sys.argv[1])
strange = Security.temporary()

def said(port, words):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(words)
        connection.settimeout(3)
        try:
            return connection.recv(1 << 16)
        except OSError:
            return b""

async def dask(port):
    got = []
    for address, security in ((f"tcp://127.0.0.1:{port}", None), (f"tls://127.0.0.1:{port}", strange)):
        arguments = security.get_connection_args("client") if security else {}
        try:
            comm = await connect(address, timeout=4, **arguments)
            await comm.write({"op": "identity", "reply": True})
            got.append(repr(await asyncio.wait_for(comm.read(), 4)))
        except (OSError, asyncio.TimeoutError):
            pass
    return got

# Whatever is imported late is imported now: another user may not read the files of this environment.
assert asyncio.run(dask(1)) == []
os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert os.getuid() == 65534
found = {}
for port in ports:
    found[port] = [*asyncio.run(dask(port))]
    for words in (b"", b"GET /json/counts.json HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n", b"\\0" * 64):
        answer = said(port, words)
        # An alert of TLS (type 21) says nothing but no.
        if answer and answer[0] != 21:
            found[port].append(repr(answer))
print(json.dumps(found))
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can act as another user")
def test_nobody_else_can_use_what_a_run_listens_to(project) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {seconds: 600}}]"))
    run = project.start("run", "suite.yaml", "--jobs", "2")
    try:
        wait_for(lambda: len(list(project.results.glob("[!.]*/cell.json"))) == 2)
        # Two cells run now, in two workers.
        listening = {
            (each.laddr.ip, each.laddr.port): one.pid
            for one in tree(run.pid)
            for each in one.net_connections("inet")
            if each.status == "LISTEN"
        }
        assert len(set(listening.values())) == 3
        assert {address for address, _ in listening} == {"127.0.0.1"}
        named = [each.laddr for one in tree(run.pid) for each in one.net_connections("unix") if each.laddr]
        assert named == []
        ports = json.dumps([port for _, port in listening])
        stranger = subprocess.run(
            [sys.executable, "-c", STRANGER, ports], check=False, capture_output=True, text=True, timeout=200
        )
        assert stranger.returncode == 0, stranger.stderr
        assert json.loads(stranger.stdout) == {str(port): [] for _, port in listening}
    finally:
        run.terminate()
        run.communicate(timeout=60)


def test_a_key_is_not_seen_in_the_list_of_processes_or_their_environment(project) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {seconds: 600}}]"))
    run = project.start("run", "suite.yaml", "--jobs", "1")
    try:
        wait_for(lambda: len(list(project.results.glob("[!.]*/cell.json"))) == 2)
        for one in tree(run.pid):
            assert "PRIVATE KEY" not in " ".join(one.cmdline())
            assert "PRIVATE KEY" not in " ".join(one.environ().values())
    finally:
        run.terminate()
        run.communicate(timeout=60)
