"""Help, `karo migrate`, `states` and `simulator`, and the ways in which no command can begin."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

import httpx
import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bot.cli import app
from storage.payment_state import TRANSITIONS
from tests.bot.cli.desk import Desk


def commands(command: object, *words: str) -> list[tuple[str, ...]]:
    """The words of every command and group, `karo` itself included."""
    found = [words]
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            found += commands(child, *words, name)
    else:
        assert isinstance(command, TyperCommand)
    return found


@pytest.mark.parametrize("words", commands(get_command(app)), ids=lambda words: " ".join(words) or "karo")
def test_each_command_explains_itself_without_touching_anything(desk: Desk, words: tuple[str, ...]) -> None:
    result = desk.karo(*words, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert list(desk.folder.iterdir()) == []


def test_help_needs_no_settings_and_no_database(desk: Desk) -> None:
    ended = desk.process("--help")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "School fees by M-PESA" in ended.stdout


def test_a_command_that_does_not_exist_is_a_mistake(desk: Desk) -> None:
    assert desk.karo("pay").exit_code == 2


def test_migrate_makes_a_database_and_its_key(desk: Desk) -> None:
    first, again = desk.karo("migrate"), desk.karo("migrate")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stdout == "The database has the newest schema.\n"
    key = desk.folder / "karo.db.key"
    assert (desk.folder / "karo.db").exists()
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", [(), ("conversation",), ("payment",)])
def test_states_are_drawn(desk: Desk, words: tuple[str, ...]) -> None:
    result = desk.karo("states", *words)

    assert result.exit_code == 0
    assert result.stdout.startswith("stateDiagram-v2")


def test_the_payment_is_drawn_from_its_table(desk: Desk) -> None:
    drawn = desk.karo("states", "payment").stdout

    assert all(f"{source} --> {to}: {event}" in drawn for (source, to), event in TRANSITIONS.items())
    assert drawn != desk.karo("states").stdout


def test_there_is_no_third_drawing(desk: Desk) -> None:
    result = desk.karo("states", "weather")

    assert result.exit_code == 2
    assert "'conversation', 'payment'" in result.stderr


async def test_the_simulator_starts_answers_and_ends_at_sigterm(desk: Desk) -> None:
    command, environment = desk.command("simulator", "--port", "0")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=desk.folder, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        first = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert found, first
        async with httpx.AsyncClient(base_url=found[0], trust_env=False) as client:
            books = await client.get("/simulator/books")
            token = await client.get(
                "/oauth/v1/generate",
                params={"grant_type": "client_credentials"},
                auth=("simulator-key", "simulator-secret"),
            )
    finally:
        process.terminate()
        async with asyncio.timeout(30):
            await process.communicate()

    assert books.status_code == 200
    assert token.json()["access_token"]
    assert process.returncode == 0


def test_a_simulator_whose_port_is_taken_says_so(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = desk.karo("simulator", "--port", port)

    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in result.stderr


def test_a_postman_collection_is_written_for_the_address_that_is_meant(desk: Desk) -> None:
    file = desk.folder / "daraja.json"
    result = desk.karo("simulator", "--postman", str(file), "--host", "::1", "--port", "8123")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "karo simulator --port 8123" in " ".join(result.stdout.split())
    assert '"http://[::1]:8123"' in file.read_text(encoding="utf-8")

    result = desk.karo("simulator", "--postman", str(desk.folder / "nowhere" / "daraja.json"))

    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///nowhere/karo.db", "does not exist"),
        ("mysql://karo", "DATABASE_URL"),
        ("sqlite:///bad.db", "cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence(desk: Desk, url: str, said: str) -> None:
    desk.file("bad.db", "this is no database, only a text that is long enough to look like something" * 20)
    desk.settings = {"DATABASE_URL": url}

    result = desk.karo("check")

    assert result.exit_code == 2
    assert "Karo cannot go on:" in result.stderr
    assert said in result.stderr


def test_a_lost_key_is_one_sentence(desk: Desk) -> None:
    desk.karo("migrate")
    (desk.folder / "karo.db.key").unlink()

    result = desk.karo("migrate")

    assert result.exit_code == 2
    assert "karo.db.key is not: copy both together" in result.stderr


def test_a_setting_may_stand_in_the_file_env(desk: Desk, tmp_path: Path) -> None:
    desk.file(".env", "DATABASE_URL=sqlite:///other.db\n")

    assert desk.karo("migrate").exit_code == 0
    assert (tmp_path / "other.db").exists()


def test_migrate_sets_no_webhook_by_settings_that_are_wrong(desk: Desk) -> None:
    desk.settings = {
        "TELEGRAM_UPDATES": "webhook",
        "TELEGRAM_BOT_TOKEN": "changeme",
        "TELEGRAM_WEBHOOK_SECRET": "short",
        "PUBLIC_URL": "http://fees.school.ke",
    }

    result = desk.karo("migrate")

    assert (result.exit_code, result.stdout) == (2, "The database has the newest schema.\n")
    for name in ("TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "PUBLIC_URL"):
        assert f"  • {name} " in result.stderr


def test_migrate_says_what_a_webhook_needs(desk: Desk) -> None:
    desk.settings = {"TELEGRAM_UPDATES": "webhook"}

    result = desk.karo("migrate")

    assert result.exit_code == 0
    assert "Telegram's webhook is not set: it needs PUBLIC_URL and TELEGRAM_BOT_TOKEN." in result.stdout
