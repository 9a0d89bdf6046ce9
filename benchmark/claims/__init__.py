"""Who works at what: claims that any number of processes, on any number of machines, make in one folder.

``folder/<name>/<owner>/`` is the claim of ``owner`` on ``name``, and the place in which it makes what it is to file.
``folder/<owner>`` is a file that says who the owner is; its first bytes are a counter, which the owner turns.

- *One holder*. A claim is made by renaming a folder that holds the owner's name to ``<name>``. Renaming onto a folder
  that is not empty fails (POSIX, rename: EEXIST or ENOTEMPTY), in one step, on the server too where the file system is
  NFS (RFC 1813, 3.3.14; RFC 8881, 18.26). There a call may fail whose first sending did it (rename(2), BUGS; link(2)
  and open(2), O_EXCL, say the same of their ways): whether the owner's name is there afterwards decides.
- *Names are used once*. An owner's name is drawn, so that whoever is late with removing a claim of one owner cannot
  remove that of another: a folder is only removed when it is empty.
- *Leases*. An owner is dead when its counter did not turn for its lease, by the clock of the one who looks, and only
  while that one was awake: no two clocks are ever compared. On one machine its process is asked for, too: one that is
  gone, or was there before the machine started, is dead at once.
- *Fences*. Whoever finds an owner dead removes its file, then takes out of its claims what is being made there, piece
  by piece, then removes the empty folder. What is filed is renamed out of that folder: it is either the owner that
  takes it out or the other, and what is not there any more cannot be filed. So an owner that was stopped for longer
  than its lease learns of it at the latest when it files.

Readers of NFS see what was written before they opened a file (close-to-open consistency, nfs(5)), which is all that
counters need.
"""

from benchmark.claims.claims import Claims
from benchmark.claims.looking import Holding, holdings, is_held, is_living, owners
from benchmark.claims.owner import Owner, lease_seconds, process_is_gone, process_start, this_process

FOLDER = ".claims"

__all__ = [
    "FOLDER",
    "Claims",
    "Holding",
    "Owner",
    "holdings",
    "is_held",
    "is_living",
    "lease_seconds",
    "owners",
    "process_is_gone",
    "process_start",
    "this_process",
]
