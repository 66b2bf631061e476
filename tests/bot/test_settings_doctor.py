"""Settings as the doctor takes them: however broken, all problems at once; and the settings of the operator."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bot.settings import load_settings, settings_as_they_are
from tests.bot.settings_desk import GOOD, Desk

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
OPERATOR = {"DARAJA_INITIATOR_NAME": "karoapi", "DARAJA_INITIATOR_PASSWORD": "Safe-word-1"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Nothing set."""
    return Desk(tmp_path, monkeypatch)


@pytest.fixture
def good(desk: Desk) -> Desk:
    """Everything that a school needs."""
    desk.env(**GOOD)
    return desk


def test_good_settings_have_no_problem(good: Desk) -> None:
    settings, problems = settings_as_they_are()
    assert problems == {}
    assert settings.purpose == "doctor"
    assert settings.school_name == GOOD["SCHOOL_NAME"]


def test_nothing_set_is_everything_named(desk: Desk) -> None:
    _, problems = settings_as_they_are()
    assert {name.upper() for name in problems} == set(GOOD)
    assert all("is missing" in said for said in problems.values())


def test_what_is_right_stays_beside_what_is_wrong(good: Desk) -> None:
    good.env(DARAJA_PASSKEY="abc***def", PUBLIC_URL="http://fees.school.ke", DARAJA_PACE="fast", PORT="9000")
    settings, problems = settings_as_they_are()
    assert set(problems) == {"daraja_passkey", "public_url", "daraja_pace"}
    assert settings.daraja_consumer_key.get_secret_value() == GOOD["DARAJA_CONSUMER_KEY"]
    assert (settings.port, settings.public_url, settings.daraja_pace) == (9000, "", 0)
    assert not settings.daraja_passkey


def test_one_wrong_setting_makes_no_other_look_wrong(good: Desk) -> None:
    good.env(**OPERATOR | {"DARAJA_INITIATOR_NAME": "<operator>"}, DARAJA_CERTIFICATE=PEM)
    assert "daraja_initiator_name" in settings_as_they_are()[1]
    good.env(DARAJA_INITIATOR_NAME="karoapi", DATABASE_URL="postgresql://karo@db/karo")
    settings, problems = settings_as_they_are()
    assert list(problems) == ["karo_secret_key"]
    assert settings.daraja_initiator_name == "karoapi"


def test_a_dotenv_file_that_is_no_text_is_the_one_problem(good: Desk) -> None:
    (good.folder / ".env").write_bytes(b"SCHOOL_NAME=\xff\xfe\xfa")
    settings, problems = settings_as_they_are()
    assert problems == {"env_file": ".env cannot be read: save it as UTF-8 text"}
    assert settings.daraja_shortcode == GOOD["DARAJA_SHORTCODE"]


def test_a_dotenv_file_that_may_not_be_read_is_the_one_problem(good: Desk) -> None:
    (good.folder / ".env").symlink_to("/proc/self/mem")  # not even root can read it from its start
    settings, problems = settings_as_they_are()
    assert problems == {"env_file": f".env cannot be read: {os.strerror(errno.EIO)}"}
    assert settings.daraja_shortcode == GOOD["DARAJA_SHORTCODE"]


def test_the_purpose_doctor_refuses_nothing(desk: Desk) -> None:
    desk.env(PORT="eighty", DATABASE_URL="mysql://db/karo")
    assert load_settings("doctor").port == 8080


def test_an_operator_is_whole_or_not_there(good: Desk) -> None:
    good.env(DARAJA_INITIATOR_NAME="karoapi")
    assert [line.split()[0] for line in good.problems()] == [
        "DARAJA_INITIATOR_PASSWORD",
        "DARAJA_CERTIFICATE",
    ]
    good.env(DARAJA_INITIATOR_NAME="", DARAJA_INITIATOR_PASSWORD="Safe-word-1")
    assert "without DARAJA_INITIATOR_NAME" in good.problems()[0]


def test_a_certificate_is_a_path_or_its_own_text(good: Desk) -> None:
    good.env(**OPERATOR, DARAJA_CERTIFICATE=good.file("production.cer", PEM))
    assert load_settings().certificate == PEM.encode()
    good.env(DARAJA_CERTIFICATE=PEM.replace("\n", "\\n"))
    assert load_settings().certificate == PEM.encode()
    good.env(DARAJA_CERTIFICATE="/nowhere/production.cer")
    [problem] = good.problems()
    assert problem.startswith("DARAJA_CERTIFICATE is neither")


def test_a_certificate_in_binary_form_is_read_by_its_path(good: Desk) -> None:
    (good.folder / "production.der").write_bytes(b"\x30\x82\xff\x00")
    good.env(**OPERATOR, DARAJA_CERTIFICATE=str(good.folder / "production.der"))
    assert load_settings().certificate == b"\x30\x82\xff\x00"


def test_the_operators_password_is_a_secret(good: Desk) -> None:
    good.env(**OPERATOR, DARAJA_CERTIFICATE=PEM)
    settings = load_settings()
    assert OPERATOR["DARAJA_INITIATOR_PASSWORD"] in settings.secrets()
    assert OPERATOR["DARAJA_INITIATOR_PASSWORD"] not in repr(settings)


@pytest.mark.parametrize("pace", ["-1", "nan", "inf", "quick", "1001"])
def test_a_pace_that_is_none_is_refused(good: Desk, pace: str) -> None:
    good.env(DARAJA_PACE=pace)
    [problem] = good.problems()
    assert problem.startswith("DARAJA_PACE must be a number of pushes a second")


def test_a_pace_is_pushes_a_second(good: Desk) -> None:
    assert load_settings().daraja_pace == 0
    good.env(DARAJA_PACE="2.5", DARAJA_APP_NAME="Karo live")
    assert (load_settings().daraja_pace, load_settings().daraja_app_name) == (2.5, "Karo live")
