"""The scanner over the suite's logs is itself tried: it finds what was logged on purpose, on whichever worker."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot import logs
from bot.playground.botapi import PLAYGROUND_TOKEN
from tests.leaks import SECRETS, RawLines, leaks_in

CANARIES = [*SECRETS, "254700000101", "0700000101", "ws_CO_191220191020363925712345678"]

#: A suite whose tests pass.
LEAKS = """
import structlog

def test_that_says_nothing():
    structlog.get_logger("bot.canary").warning("canary", payment=17)

def test_that_says_a_phone():
    structlog.get_logger("bot.canary").warning("canary", value="254700000101")
"""


@pytest.fixture
def raw() -> Iterator[RawLines]:
    """Our own loggers' lines of this test, kept away from the suite's."""
    root = logging.getLogger()
    others = root.handlers[:]
    handler = RawLines()
    root.handlers[:] = [handler]
    yield handler
    root.handlers[:] = others


@pytest.mark.parametrize("canary", CANARIES)
def test_the_scanner_finds_a_canary_logged_on_purpose(raw: RawLines, canary: str) -> None:
    structlog.get_logger("bot.canary").warning("canary", value=canary)

    assert len(leaks_in(raw.stream.getvalue())) == 1


@pytest.mark.parametrize("canary", CANARIES)
def test_the_mask_hides_the_same_canary(canary: str) -> None:
    written = io.StringIO()
    logs.configure("DEBUG", SECRETS, written)

    logging.getLogger("httpx").debug("POST /bot%s/sendMessage", canary)

    assert "sendMessage" in written.getvalue()
    assert leaks_in(written.getvalue()) == []


def test_an_innocent_line_is_not_a_leak() -> None:
    assert leaks_in(f"payment=17 status=paid masked=07••• 456 bot={PLAYGROUND_TOKEN[:4]}") == []


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_in_which_one_test_leaks_fails_though_all_pass(tmp_path: Path, workers: int) -> None:
    ended = run_of(tmp_path, LEAKS, workers)

    assert "2 passed" in ended.stdout
    assert "1 log line(s) hold a secret" in ended.stdout
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED


def run_of(folder: Path, suite: str, workers: int) -> subprocess.CompletedProcess[str]:
    """A run of its own, with this suite's fixtures and its scan; workers 0: in one process."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_on_purpose.py").write_text(suite)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-n", str(workers), "test_on_purpose.py"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
