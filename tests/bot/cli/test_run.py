"""`karo run` with settings that are missing, left as they were copied, or wrong: all of it said at once."""

from __future__ import annotations

import pytest

from bot.playground.botapi import PLAYGROUND_TOKEN
from bot.settings import SANDBOX_PASSKEY
from tests.bot.cli.desk import COMPLETE, ROOT, Desk


def lines_of(text: str) -> list[str]:
    """The problems, without their bullets."""
    head, *problems = text.splitlines()
    assert head == "Karo cannot go on: the settings are not complete."
    return [line.removeprefix("  • ") for line in problems]


def test_without_any_setting_every_missing_one_is_named(desk: Desk) -> None:
    ended = desk.process("run")

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert [line.split()[0] for line in lines_of(ended.stderr)] == list(COMPLETE)
    assert all("is missing" in line for line in lines_of(ended.stderr))
    assert list(desk.folder.iterdir()) == []


def test_the_example_file_as_it_was_copied_is_all_placeholders(desk: Desk) -> None:
    desk.file(".env", (ROOT / ".env.example").read_text(encoding="utf-8"))

    ended = desk.process("run")

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    said = lines_of(ended.stderr)
    assert {line.split()[0] for line in said} == set(COMPLETE) - {"DARAJA_SHORTCODE"}
    assert all("placeholder" in line for line in said)


def test_wrong_missing_and_masked_settings_are_said_together(desk: Desk) -> None:
    desk.settings = COMPLETE | {
        "SCHOOL_NAME": "",
        "TELEGRAM_BOT_TOKEN": "7000000000:nonsense",
        "DARAJA_CONSUMER_SECRET": "abcd********wxyz",
        "DARAJA_CONSUMER_KEY": "your-consumer-key",
        "DARAJA_SHORTCODE": "17",
        "DARAJA_ENVIRONMENT": "production",
        "PUBLIC_URL": "http://fees.school.ke",
        "PORT": "eighty",
    }

    result = desk.karo("run")

    assert result.exit_code == 2
    said = {line.split()[0]: line for line in lines_of(result.stderr)}
    assert set(said) == {
        "SCHOOL_NAME",
        "TELEGRAM_BOT_TOKEN",
        "DARAJA_CONSUMER_SECRET",
        "DARAJA_CONSUMER_KEY",
        "DARAJA_SHORTCODE",
        "DARAJA_PASSKEY",
        "PUBLIC_URL",
        "PORT",
    }
    assert "masked" in said["DARAJA_CONSUMER_SECRET"]
    assert "sandbox" in said["DARAJA_PASSKEY"]


def test_no_value_of_a_secret_is_repeated(desk: Desk) -> None:
    desk.settings = COMPLETE | {
        "TELEGRAM_BOT_TOKEN": PLAYGROUND_TOKEN + "x",
        "DARAJA_CONSUMER_KEY": "abcd****wxyz",
        "DARAJA_ENVIRONMENT": "production",
    }

    result = desk.karo("run")

    assert result.exit_code == 2
    assert all(secret not in result.output for secret in (PLAYGROUND_TOKEN, "wxyz", SANDBOX_PASSKEY))


def test_a_setting_by_file_that_cannot_be_read_is_one_of_the_problems(desk: Desk) -> None:
    given = {name: value for name, value in COMPLETE.items() if name != "DARAJA_PASSKEY"}
    desk.settings = given | {"DARAJA_PASSKEY_FILE": "/nowhere/passkey", "SCHOOL_CONTACT": "<phone>"}

    result = desk.karo("run")

    assert result.exit_code == 2
    assert [line.split()[0] for line in lines_of(result.stderr)] == ["SCHOOL_CONTACT", "DARAJA_PASSKEY"]


@pytest.mark.parametrize("command", [("check",), ("migrate",), ("staff", "list")])
def test_commands_that_only_look_into_the_books_need_none_of_it(desk: Desk, command: tuple[str, ...]) -> None:
    desk.settings = {"TELEGRAM_BOT_TOKEN": "changeme", "PORT": "eighty"}

    assert desk.karo(*command).exit_code == 0
