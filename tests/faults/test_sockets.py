"""What a run listens to: nothing, so that nobody but itself gets anything there."""

from __future__ import annotations

import pytest
from faulty import do, sockets_of_a_child, tree, wait_for

from benchmark.execution.workers import LocalWorkers

pytestmark = pytest.mark.slow


def test_neither_a_run_nor_its_workers_listen_to_anybody(project) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {seconds: 600}}]"))
    run = project.start("run", "suite.yaml", "--jobs", "2")
    try:
        wait_for(lambda: len(list(project.results.glob("[!.]*/cell.json"))) == 2)
        # Two cells run now, in two workers; where these were forked, another one stands by.
        processes = tree(run.pid)
        assert len(processes) >= 3
        assert [each for one in processes for each in one.net_connections("inet")] == []
        # Sockets between processes have no name by which another one would find them.
        between = [each for one in processes for each in one.net_connections("unix")]
        assert between
        assert [each.laddr for each in between if each.laddr] == []
    finally:
        run.terminate()
        run.communicate(timeout=200)


def test_what_a_task_starts_does_not_inherit_the_connection_to_the_driver() -> None:
    with LocalWorkers(1) as workers:
        (outcome,) = workers.run(do, [(sockets_of_a_child,)], print)
    assert outcome.value == []
