"""What the settings alone show: each trap of the field named, and nothing said of what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.services.examine_settings import settings_findings
from bot.settings import SANDBOX_PASSKEY, SANDBOX_SHORTCODE, settings_as_they_are
from daraja.doctor import Evidence, Finding, Verdict
from tests.bot.settings_desk import GOOD, Desk

LIVE = GOOD | {
    "DARAJA_ENVIRONMENT": "production",
    "DARAJA_SHORTCODE": "600123",
    "DARAJA_PASSKEY": "9f" * 32,
}
TILL = {"DARAJA_TRANSACTION_TYPE": "CustomerBuyGoodsOnline"}
OPERATOR = {
    "DARAJA_INITIATOR_NAME": "karoapi",
    "DARAJA_INITIATOR_PASSWORD": "Safeword1",
    "DARAJA_CERTIFICATE": "-----BEGIN CERTIFICATE-----",
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A school that is live."""
    desk = Desk(tmp_path, monkeypatch)
    desk.env(**LIVE)
    return desk


def found() -> dict[str, Finding]:
    return {finding.name: finding for finding in settings_findings(*settings_as_they_are())}


@pytest.mark.parametrize(
    "also",
    [
        {},
        TILL | {"DARAJA_PARTY_B": "5123456"},
        {"DARAJA_PARTY_B": "600123"},
        {"PUBLIC_URL": "https://fees.mwangaza.ac.ke"},
        OPERATOR,
        {
            "DARAJA_ENVIRONMENT": "sandbox",
            "DARAJA_SHORTCODE": SANDBOX_SHORTCODE,
            "DARAJA_PASSKEY": SANDBOX_PASSKEY,
        },
        {
            "DARAJA_ENVIRONMENT": "sandbox",
            "DARAJA_CONSUMER_KEY": "short",
            "DARAJA_API_URL": "http://127.0.0.1:8090",
        },
    ],
)
def test_settings_that_can_be_right_are_one_good_finding(desk: Desk, also: dict[str, str]) -> None:
    desk.env(**also)
    assert [(name, finding.verdict) for name, finding in found().items()] == [("forms", Verdict.GOOD)]


@pytest.mark.parametrize(
    ("also", "name", "verdict", "said"),
    [
        (
            {"DARAJA_API_URL": "https://sandbox.safaricom.co.ke"},
            "daraja_api_url",
            Verdict.BAD,
            "not the host of",
        ),
        (
            {"DARAJA_API_URL": "http://127.0.0.1:8090"},
            "daraja_api_url",
            Verdict.WARNING,
            "not Safaricom's host",
        ),
        ({"DARAJA_ENVIRONMENT": "sandbox"}, "daraja_environment", Verdict.BAD, "the shortcode is not"),
        (
            {"DARAJA_ENVIRONMENT": "sandbox", "DARAJA_SHORTCODE": SANDBOX_SHORTCODE},
            "daraja_environment",
            Verdict.BAD,
            "the passkey is not",
        ),
        ({"DARAJA_CONSUMER_SECRET": "s" * 16}, "key_lengths", Verdict.WARNING, "two different apps"),
        (
            {"DARAJA_CONSUMER_KEY": "k" * 32, "DARAJA_CONSUMER_SECRET": "s" * 16},
            "key_lengths",
            Verdict.WARNING,
            "as older apps have",
        ),
        ({"DARAJA_CONSUMER_KEY": "k" * 47}, "key_lengths", Verdict.WARNING, "47 characters"),
        (TILL | {"DARAJA_PARTY_B": "600123"}, "daraja_party_b", Verdict.WARNING, "although a till"),
        ({"DARAJA_PARTY_B": "5123456"}, "daraja_party_b", Verdict.WARNING, "although a PayBill"),
        ({"PUBLIC_URL": "https://ab12.ngrok-free.app"}, "public_url", Verdict.WARNING, "public tunnel"),
        ({"PUBLIC_URL": "https://192.168.1.7"}, "public_url", Verdict.WARNING, "private network"),
        (
            {"PUBLIC_URL": "https://mpesa.mwangaza.ac.ke"},
            "public_url",
            Verdict.WARNING,
            "'mpesa' in its host",
        ),
        ({"PUBLIC_URL": "https://mwangaza.ac.ke/mpesa"}, "public_url", Verdict.BAD, "'mpesa' in its path"),
        (
            OPERATOR | {"DARAJA_INITIATOR_NAME": "testapi"},
            "daraja_initiator_name",
            Verdict.BAD,
            "the sandbox's",
        ),
        (
            OPERATOR | {"DARAJA_INITIATOR_PASSWORD": "a@b.c1"},
            "daraja_initiator_password",
            Verdict.WARNING,
            "@",
        ),
        ({"DARAJA_SHORTCODE": SANDBOX_SHORTCODE}, "daraja_shortcode", Verdict.BAD, "is the sandbox's"),
        ({"DARAJA_PASSKEY": "abcd****wxyz"}, "daraja_passkey", Verdict.BAD, "copied masked"),
        ({"DARAJA_PASSKEY": " "}, "daraja_passkey", Verdict.BAD, "is missing"),
        (TILL, "daraja_party_b", Verdict.BAD, "is missing: the till number"),
    ],
)
def test_each_trap_is_named_with_what_to_do(
    desk: Desk, also: dict[str, str], name: str, verdict: Verdict, said: str
) -> None:
    desk.env(**also)
    finding = found()[name]
    assert (finding.verdict, finding.stage) == (verdict, "settings")
    assert said in finding.said
    assert finding.fix


def test_what_is_concluded_from_lengths_is_marked_so(desk: Desk) -> None:
    desk.env(DARAJA_CONSUMER_SECRET="s" * 16)
    assert found()["key_lengths"].evidence is Evidence.DERIVED


def test_a_file_that_cannot_be_read_comes_with_what_to_do(desk: Desk, tmp_path: Path) -> None:
    tmp_path.joinpath(".env").write_bytes(b"SCHOOL_NAME=\xff")
    assert "Let this user read" in found()["env_file"].fix


def test_a_setting_is_complained_of_once(desk: Desk) -> None:
    desk.env(PUBLIC_URL="https://mpesa.mwangaza.ac.ke/mpesa")
    names = [finding.name for finding in settings_findings(*settings_as_they_are())]
    assert names.count("public_url") == 1


def test_no_finding_holds_a_value(desk: Desk) -> None:
    desk.env(DARAJA_PASSKEY="hush hush", PUBLIC_URL="http://hush.ac.ke", TELEGRAM_BOT_TOKEN="hush")
    assert not [finding for finding in found().values() if "hush" in f"{finding}"]
