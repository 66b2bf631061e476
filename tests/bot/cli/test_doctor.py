"""`karo doctor` as it is typed: its exit codes, its screen, its JSON, its letter; and no secret in any of them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import Result

from bot.cli.doctor import FORM
from bot.services.go_live import TITLES
from bot.settings import Settings
from daraja.simulator import Cause, SimulatorConfig
from tests.bot.cli.desk import COMPLETE, Desk
from tests.bot.services.examining import Ward, ward

KEY, SECRET, PASSKEY = "CanaryKey" + "k" * 39, "CanarySecret" + "s" * 52, "CanaryPasskey" + "p" * 51
CANARIES = {
    "DARAJA_CONSUMER_KEY": KEY,
    "DARAJA_CONSUMER_SECRET": SECRET,
    "DARAJA_PASSKEY": PASSKEY,
    "DARAJA_INITIATOR_PASSWORD": "CanaryOperatorPassword",
    "KARO_SECRET_KEY": "CanaryMasterKey" + "m" * 30,
    "TELEGRAM_WEBHOOK_SECRET": "CanaryWebhookSecret",
}


class Clinic:
    """A terminal beside the neighbours that the settings name."""

    def __init__(self, desk: Desk, neighbours: Ward) -> None:
        self.desk = desk
        self.mpesa = neighbours.mpesa
        self.api = neighbours.api
        desk.settings = environment(neighbours.settings)

    async def doctor(self, *words: str) -> Result:
        """`karo doctor ...`, while the neighbours answer."""
        return await asyncio.to_thread(self.desk.karo, "doctor", *words)


def environment(settings: Settings) -> dict[str, str]:
    """The settings as one would export them."""
    plain = {
        name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings
        if name != "purpose" and not isinstance(value, tuple)
    }
    return {name: value for name, value in plain.items() if value and value != "0.0"}


@pytest.fixture
async def clinic(desk: Desk, tmp_path: Path) -> AsyncIterator[Clinic]:
    """Everybody well."""
    async with ward(tmp_path) as neighbours:
        yield Clinic(desk, neighbours)


async def test_all_well_is_0_and_says_so(clinic: Clinic) -> None:
    result = await clinic.doctor()
    assert result.exit_code == 0, result.output
    assert "Nothing is wrong; 1 warning(s), 1 unclear above" in result.stdout
    assert "WRONG" not in result.stdout
    assert result.stderr == ""


async def test_something_wrong_is_1_with_one_cause_its_path_and_what_to_do(clinic: Clinic) -> None:
    clinic.mpesa.play(Cause.RIVAL_ALWAYS)
    result = await clinic.doctor()
    assert result.exit_code == 1
    for part in (
        "WRONG",
        "Most likely",
        "How to be sure",
        "How it was found",
        "What to do now",
        "--letter",
    ):
        assert part in result.stdout


async def test_it_can_be_read_at_80_columns_without_colour(clinic: Clinic) -> None:
    clinic.mpesa.play(Cause.NO_PRODUCTS)
    clinic.desk.settings |= {"COLUMNS": "80"}
    result = await clinic.doctor("--go-live")
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


async def test_json_is_one_document_with_stable_keys_and_nothing_else(clinic: Clinic) -> None:
    result = await clinic.doctor("--json", "--go-live")
    document: dict[str, Any] = json.loads(result.stdout)
    assert list(document) == [
        *("form", "at", "well", "business", "app", "environment", "shortcode"),
        *("diagnosis", "findings", "checklist"),
    ]
    assert (document["form"], document["well"]) == (FORM, True)
    assert set(document["diagnosis"]) == {
        *("cause", "said", "path", "next_step", "also", "parted_by", "sandbox_only", "well"),
    }
    probe = next(found for found in document["findings"] if found["name"] == "stk")
    assert set(probe) == {
        *("stage", "name", "verdict", "said", "proves", "leaves_open", "fix", "evidence", "exchange"),
    }
    assert set(probe["exchange"]) == {
        *("endpoint", "at", "http_status", "code", "message", "request_id", "trouble", "took_s"),
    }
    assert [point["name"] for point in document["checklist"]] == list(TITLES)
    assert result.stderr == ""


async def test_what_is_good_says_what_that_does_not_show(clinic: Clinic) -> None:
    told = " ".join((await clinic.doctor()).stdout.split())
    assert "a token says nothing of the products on the app" in told
    assert told.count("That a real request is accepted: nothing was asked for.") == 1


async def test_what_is_unclear_is_counted_beside_the_warnings(clinic: Clinic) -> None:
    clinic.mpesa.play(Cause.QUERY_UNDECIDED)
    result = await clinic.doctor()
    assert result.exit_code == 0
    assert "Nothing is wrong; 1 warning(s), 2 unclear above" in result.stdout


async def test_a_letter_that_cannot_be_written_takes_nothing_else_away(clinic: Clinic) -> None:
    clinic.mpesa.play(Cause.OAUTH_400)
    clinic.desk.folder.joinpath("letter.txt").symlink_to("nowhere")
    result = await clinic.doctor("--letter", "letter.txt")
    assert result.exit_code == 2
    assert "What to do now" in result.stdout
    assert "is there already" in result.stderr


def test_a_letter_whose_name_no_file_can_have_is_refused_at_once(desk: Desk) -> None:
    result = desk.karo("doctor", "--letter", "n" * 300)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be written" in result.stderr


async def test_without_any_setting_it_still_runs_and_names_them_all(desk: Desk) -> None:
    result = await asyncio.to_thread(desk.karo, "doctor")
    assert result.exit_code == 1
    assert all(f"{name} is missing" in result.stdout for name in COMPLETE)
    assert os.listdir() == []


async def test_the_letter_is_a_new_file_and_an_old_one_is_left_alone(clinic: Clinic) -> None:
    clinic.mpesa.play(Cause.OAUTH_400)
    result = await clinic.doctor("--letter", "letter.txt")
    assert (result.exit_code, "The letter is in letter.txt" in result.stdout) == (1, True)
    again = await clinic.doctor("--letter", "letter.txt")
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert (await clinic.doctor("--letter", "nowhere/letter.txt")).exit_code == 2


async def test_no_secret_is_on_the_screen_in_the_json_the_letter_or_the_log(
    desk: Desk, tmp_path: Path
) -> None:
    config = SimulatorConfig(consumer_key=KEY, consumer_secret=SECRET, passkey=PASSKEY)
    async with ward(tmp_path, config) as neighbours:
        clinic = Clinic(desk, neighbours)
        desk.settings |= CANARIES | {
            "DARAJA_INITIATOR_NAME": "karoapi",
            "DARAJA_CERTIFICATE": "-----BEGIN CERTIFICATE-----",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}",
            "LOG_LEVEL": "DEBUG",
        }
        neighbours.mpesa.play(Cause.NO_PRODUCTS)
        told = (await clinic.doctor("--letter", "letter.txt", "--go-live")).output
        told += desk.folder.joinpath("letter.txt").read_text()
        neighbours.mpesa.play(Cause.OAUTH_400)
        told += (await clinic.doctor("--json")).output
    assert "karoapi" in told
    secrets = (*CANARIES.values(), neighbours.settings.telegram_bot_token.get_secret_value())
    assert [secret[:9] for secret in secrets if secret in told] == []


async def test_the_checklist_is_walked_with_a_person_only_at_a_terminal(clinic: Clinic) -> None:
    result = await clinic.doctor("--go-live")
    assert result.exit_code == 1
    assert "Is it so?" not in result.output
    assert all(title.split(":")[0] in result.stdout for title in TITLES.values())
    assert "[?]" in result.stdout


def test_at_a_terminal_a_person_ticks_what_only_a_person_can(desk: Desk) -> None:
    ended = typed(desk, b"y\n" * 5)
    assert ended.stdout.count("Is it so?") == 5
    assert "[?]" not in ended.stdout.partition("Going live")[2].replace("[?] a person", "")
    assert ended.returncode == 1


def test_who_breaks_the_questions_off_hears_what_was_found_all_the_same(desk: Desk) -> None:
    ended = typed(desk, b"y\n\x04")  # the end of what is typed
    assert ended.stdout.count("Is it so?") == 2
    assert "[?]" in ended.stdout.partition("Going live")[2].replace("[?] a person", "")
    assert "What to do now" in ended.stdout
    assert ended.returncode == 1


def typed(desk: Desk, keys: bytes) -> subprocess.CompletedProcess[str]:
    """`karo doctor --go-live` at a terminal where these keys are pressed."""
    command, environment = desk.command("doctor", "--go-live")
    keyboard, terminal = os.openpty()
    os.write(keyboard, keys)
    try:
        return subprocess.run(
            command,
            cwd=desk.folder,
            env=environment,
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(keyboard)
        os.close(terminal)
