"""For every test: a clean environment, and a log at DEBUG that is searched for leaks when the suite is over."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot import logs
from bot.settings import Settings
from tests.leaks import SECRETS, RawLines, leaks_in

# The gate tries the same examples each time; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("stable", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "stable"))

_WRITTEN = io.StringIO()
_RAW = RawLines()


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
    os.environ.pop("COLUMNS", None)
    monkeypatch.chdir(tmp_path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The suite fails when anything was logged that must not be."""
    found = leaks_in(_WRITTEN.getvalue()) + leaks_in(_RAW.stream.getvalue())
    if found and session.exitstatus in (0, pytest.ExitCode.TESTS_FAILED):
        print(f"\n{len(found)} log line(s) hold a secret, a phone or a CheckoutRequestID, such as:")
        print("\n".join(line[:400] for line in found[:5]))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
