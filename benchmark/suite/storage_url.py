"""URLs of storages in suites: which environment variables they may name, and how people see them."""

from __future__ import annotations

import os
import re

ALLOWED = "BENCH_STUDIES"
# As ``os.path.expandvars`` reads them.
_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})", re.ASCII)
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")


def variables(url: str) -> list[str]:
    """Return the names of the environment variables in a URL, in order."""
    return [name.strip("{}") for name in _VARIABLE.findall(url)]


def variables_problem(url: str) -> str:
    """Return what is wrong with the variables that a URL names, or nothing.

    A suite may come from anybody: it could send any secret of the environment to a server of its choice.
    """
    others = [name for name in variables(url) if not name.startswith(ALLOWED)]
    if not others:
        return ""
    return (
        f"'storage' names the environment variable {', '.join(others)}; only those are filled in whose names begin "
        f"with {ALLOWED}, such as ${{{ALLOWED}_PASSWORD}}. A '$' that is meant as such is written %24."
    )


def expanded(url: str) -> tuple[str, dict[str, str]]:
    """Return a URL with its variables filled in, and their values by name.

    Raises:
        KeyError: with the name of a variable that is not set.
    """
    values = {name: os.environ[name] for name in variables(url)}
    return _VARIABLE.sub(lambda match: values[match[1].strip("{}")], url), values


def without_passwords(text: str) -> str:
    """Return a text in which no URL has a password."""
    return _PASSWORD.sub(r"\1:***@", text)
