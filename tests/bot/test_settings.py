"""Settings: where they come from, and that every problem is said at once."""

from __future__ import annotations

import errno
import os
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import SANDBOX_SHORTCODE, SettingsError, load_settings
from tests.bot.settings_desk import GOOD, Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture
def good(desk: Desk) -> Desk:
    desk.env(**GOOD)
    return desk


def test_a_complete_environment_runs_with_the_documented_defaults(good: Desk) -> None:
    settings = load_settings()
    assert settings.database_url == "sqlite:///karo.db"
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert (settings.host, settings.port, settings.log_level) == ("127.0.0.1", 8080, "INFO")
    assert settings.daraja_transaction_type == "CustomerPayBillOnline"
    assert settings.party_b == SANDBOX_SHORTCODE
    assert settings.sandbox
    assert settings.public_url == ""
    assert settings.secret_keys is None


def test_everything_missing_is_said_at_once(desk: Desk) -> None:
    named = {problem.split()[0] for problem in desk.problems()}
    assert named == set(GOOD)


def test_the_message_is_readable_and_names_each_setting_on_its_line(desk: Desk) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    text = str(caught.value)
    assert text.startswith("7 settings need attention")
    assert "\n  - TELEGRAM_BOT_TOKEN is missing: BotFather gives it\n" in text


def test_missing_and_malformed_settings_are_said_together(good: Desk) -> None:
    good.env(PORT="eighty", SCHOOL_NAME="", PUBLIC_URL="http://karo.school.ke", LOG_LEVEL="chatty")
    named = {problem.split()[0] for problem in good.problems()}
    assert named == {"PORT", "SCHOOL_NAME", "PUBLIC_URL", "LOG_LEVEL"}


def test_settings_are_frozen(good: Desk) -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        setattr(settings, "school_name", "another")  # noqa: B010  the type checker refuses it too


def test_a_dotenv_file_is_read_and_the_environment_outranks_it(good: Desk) -> None:
    good.dotenv("PORT=9000\nLOG_LEVEL=debug\nUNKNOWN_TO_US=1\n")
    good.env(PORT="9100")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (9100, "DEBUG")


def test_a_dotenv_file_that_is_no_text_is_a_problem(good: Desk) -> None:
    (good.folder / ".env").write_bytes(b"SCHOOL_NAME=\xff\xfe\xfa")
    assert good.problems() == [".env cannot be read: save it as UTF-8 text"]


def test_a_dotenv_file_that_may_not_be_read_is_a_problem(good: Desk) -> None:
    (good.folder / ".env").symlink_to("/proc/self/mem")  # not even root can read it from its start
    assert good.problems() == [f".env cannot be read: {os.strerror(errno.EIO)}"]


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "DARAJA_PASSKEY", "SCHOOL_NAME"])
def test_a_setting_may_come_from_a_file(good: Desk, name: str) -> None:
    good.env(**{name: "", f"{name}_FILE": good.file("value", f"  {GOOD[name]}\n")})
    value = getattr(load_settings(), name.lower())
    assert GOOD[name] == (value if isinstance(value, str) else value.get_secret_value())


def test_a_dotenv_file_may_name_a_file_too(good: Desk) -> None:
    good.dotenv(f"SCHOOL_CONTACT_FILE={good.file('contact', 'the gate')}\n")
    good.env(SCHOOL_CONTACT="")
    assert load_settings().school_contact == "the gate"


def test_every_setting_may_come_from_a_file(good: Desk) -> None:
    for name, value in GOOD.items():
        good.env(**{name: "", f"{name}_FILE": good.file(name, value)})
    good.env(PORT_FILE=good.file("port", "9200"), TRUSTED_PROXIES_FILE=good.file("proxies", "10.0.0.1"))
    settings = load_settings()
    assert settings.port == 9200
    assert settings.trusted_proxies == (ip_network("10.0.0.1/32"),)


def test_a_named_file_that_is_not_there_or_empty_is_a_problem(good: Desk) -> None:
    good.env(SCHOOL_NAME="", SCHOOL_NAME_FILE=str(good.folder / "nowhere"))
    good.env(DARAJA_PASSKEY="", DARAJA_PASSKEY_FILE=good.file("empty", "\n"))
    assert good.problems() == [
        "SCHOOL_NAME cannot be read: SCHOOL_NAME_FILE names no file with text in it",
        "DARAJA_PASSKEY cannot be read: DARAJA_PASSKEY_FILE names no file with text in it",
    ]


def test_a_value_and_its_file_together_are_a_problem(good: Desk) -> None:
    good.env(DARAJA_PASSKEY_FILE=good.file("passkey", "p" * 64))
    assert good.problems() == ["DARAJA_PASSKEY is given twice, as itself and as DARAJA_PASSKEY_FILE"]


def test_production_refuses_what_belongs_to_the_sandbox(good: Desk) -> None:
    good.env(DARAJA_ENVIRONMENT="Production")
    assert good.problems() == [
        "DARAJA_SHORTCODE is the sandbox's, but DARAJA_ENVIRONMENT is production",
        "DARAJA_PASSKEY is the sandbox's, but DARAJA_ENVIRONMENT is production",
    ]


def test_production_runs_with_its_own_numbers(good: Desk) -> None:
    good.env(DARAJA_ENVIRONMENT="production", DARAJA_SHORTCODE="600000", DARAJA_PASSKEY="p" * 64)
    assert not load_settings().sandbox


def test_a_till_needs_its_number(good: Desk) -> None:
    good.env(DARAJA_TRANSACTION_TYPE="CustomerBuyGoodsOnline")
    assert [problem.split()[0] for problem in good.problems()] == ["DARAJA_PARTY_B"]
    good.env(DARAJA_PARTY_B="5123456")
    assert load_settings().party_b == "5123456"


def test_database_commands_need_only_the_database(desk: Desk) -> None:
    desk.env(DATABASE_URL="sqlite:///school.db", PORT="eighty", TELEGRAM_BOT_TOKEN="changeme")
    settings = load_settings("open")
    assert settings.database_url == "sqlite:///school.db"
    assert settings.port == 8080
    assert not settings.telegram_bot_token


def test_database_commands_still_refuse_a_wrong_database_and_say_only_that(desk: Desk) -> None:
    desk.env(DATABASE_URL="mysql://db/karo", PORT="eighty")
    with pytest.raises(SettingsError) as caught:
        load_settings("open")
    assert [problem.split()[0] for problem in caught.value.problems] == ["DATABASE_URL"]


def test_no_representation_and_no_problem_shows_a_secret(good: Desk) -> None:
    settings = load_settings()
    shown = repr(settings) + str(settings)
    for name in ("TELEGRAM_BOT_TOKEN", "DARAJA_CONSUMER_KEY", "DARAJA_CONSUMER_SECRET", "DARAJA_PASSKEY"):
        assert GOOD[name] not in shown
    good.env(TELEGRAM_BOT_TOKEN="hush-this-is-mine", DARAJA_PASSKEY="hush hush", PORT="hush")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_secrets_are_told_to_the_mask_over_the_logs(good: Desk) -> None:
    good.env(KARO_SECRET_KEY=f"{'n' * 43},{'o' * 43}")
    known = set(load_settings().secrets())
    names = ("TELEGRAM_BOT_TOKEN", "DARAJA_CONSUMER_KEY", "DARAJA_CONSUMER_SECRET", "DARAJA_PASSKEY")
    assert {GOOD[name] for name in names} | {"n" * 43, "o" * 43} <= known
