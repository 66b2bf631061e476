"""For every test: a clean environment, and a log at DEBUG that is searched for leaks when the suite is over."""

from __future__ import annotations

import atexit
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest
from hypothesis import settings

from bot import logs
from bot.settings import Settings
from tests.databases import ENGINES, drop_postgres
from tests.leaks import SECRETS, RawLines, leaks_in

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

# What their assertions compare is shown when they fail, as in the tests themselves.
pytest.register_assert_rewrite(
    *(
        f"tests.{room}"
        for room in ("bot", "builders", "daraja", "daraja_simulator", "journeys", "several", "storage")
    )
)

# The gate tries the same examples each time; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("stable", derandomize=True, deadline=None, database=None, max_examples=30)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "stable"))

# A worker inherits the width of a terminal that nobody looks at, and consoles keep what they find when they are made.
for _measure in ("COLUMNS", "LINES"):
    os.environ.pop(_measure, None)

#: The rooms with the longest tests: the first one's start many processes each, and never run beside one another.
_MANY_PROCESSES, _LONG = "several", "journeys"

_WRITTEN = io.StringIO()
_RAW = RawLines()
#: What the workers of a parallel run found in their own logs; the process that started them says it.
_FOUND_BY_WORKERS: list[str] = []


@pytest.fixture(autouse=True)
def _everything_is_logged() -> Iterator[None]:
    logs.configure("DEBUG", SECRETS, _WRITTEN)
    root = logging.getLogger()
    root.addHandler(_RAW)
    yield
    root.removeHandler(_RAW)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine, and no .env of the folder the tests are run in."""
    for name in Settings.model_fields:
        for spelled in (name.upper(), f"{name.upper()}_FILE"):
            monkeypatch.delenv(spelled, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", _one_authority())
    monkeypatch.chdir(tmp_path)


@cache
def _one_authority() -> str:
    """A file with one of the certificates that everybody trusts: all of them take each client 30 ms to read."""
    first, end, _ = Path(certifi.where()).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----\n")
    file = Path(tempfile.mkdtemp(prefix="karo-authority-")) / "one.pem"
    file.write_text(first + end, encoding="utf-8")
    atexit.register(shutil.rmtree, file.parent)
    return str(file)


@pytest.fixture(params=sorted(ENGINES))
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database at the newest schema, under MASTER_KEY: once on each engine."""
    made = ENGINES[request.param](tmp_path)
    yield made
    if request.param == "postgres":
        drop_postgres(made)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests first, for each worker: at the end of a parallel run nobody waits for another's long one.

    Each worker begins with an equal share of the list, in its order, and takes from the others' ends when it is done.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    rooms: dict[str, list[pytest.Item]] = {_MANY_PROCESSES: [], _LONG: [], "": []}
    for item in items:
        rooms[next((room for room in rooms if room in item.path.parts), "")].append(item)
    firsts = [rooms[_MANY_PROCESSES], *(rooms[_LONG][nth :: workers - 1] for nth in range(workers - 1))]
    if workers == 1:
        firsts = [rooms[_MANY_PROCESSES] + rooms[_LONG]]
    short, count = iter(rooms[""]), len(items)
    items.clear()
    for nth, first in enumerate(firsts):
        share = (count - len(items)) // (workers - nth)
        items += [*first, *islice(short, max(0, share - len(first)))]
    items += short


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """A worker is done: what it found counts for the whole run. One that crashed has failed its test anyway."""
    _FOUND_BY_WORKERS.extend(getattr(node, "workeroutput", {}).get("leaks", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The suite fails when anything was logged that must not be, here or in any worker."""
    found = _FOUND_BY_WORKERS + leaks_in(_WRITTEN.getvalue()) + leaks_in(_RAW.stream.getvalue())
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaks"] = found
    elif found and session.exitstatus in (0, pytest.ExitCode.TESTS_FAILED):
        print(f"\n{len(found)} log line(s) hold a secret, a phone or a CheckoutRequestID, such as:")
        print("\n".join(line[:400] for line in found[:5]))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
