"""The letter to support: what it carries, what it asks, and that no secret can be read out of it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.cli.demo import demo_settings
from bot.playground.botapi import PLAYGROUND_TOKEN
from bot.services.examine import Examination
from bot.services.letter import LetterExists, fingerprint, letter, write_letter
from bot.settings import Settings
from daraja.doctor import CauseClass, Diagnosis, Exchange, Finding, Step, Verdict
from daraja.simulator import SimulatorConfig

AT = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
REFUSED = Exchange(
    "POST https://api.safaricom.co.ke/mpesa/stkpush/v1/processrequest",
    AT,
    404,
    "404.001.03",
    "Invalid Access Token",
    "7b1c-4d2e-9f3a-0001",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A school that is live, as far as its settings say."""
    made = demo_settings(tmp_path, "http://127.0.0.1:9", "", PLAYGROUND_TOKEN, SimulatorConfig())
    live = {
        "daraja_app_name": "mwangaza-live",
        "daraja_environment": "production",
        "daraja_shortcode": "600123",
    }
    return made.model_copy(update=live)


def examined(cause: CauseClass, *findings: Finding) -> Examination:
    said = Diagnosis(
        cause, cause.meaning, (), cause.next_step, also=("no_products",), parted_by="Is it ticked?"
    )
    return Examination(findings, said, AT)


def pushed(exchange: Exchange = REFUSED) -> Finding:
    return Finding("products", "stk", Verdict.BAD, "STK push: refused.", exchange=exchange)


def test_it_says_who_what_when_and_where(settings: Settings) -> None:
    told = letter(settings, examined(CauseClass.PRODUCT_OR_GO_LIVE, pushed()))
    for part in (
        "Upendo Primary School",
        "mwangaza-live",
        "production",
        "600123",
        "7b1c-4d2e-9f3a-0001",
        "2026-11-22 06:30:00 UTC = 2026-11-22 09:30:00 Nairobi",
        "POST https://api.safaricom.co.ke/mpesa/stkpush/v1/processrequest",
        "404.001.03",
        "Invalid Access Token",
        "apisupport@safaricom.co.ke",
        "M-PESABusiness@safaricom.co.ke",
        "https://org.ke.m-pesa.com/",
        "chatbot",
        "incident page",
        "Is it ticked?",
        "approved and active",
    ):
        assert part in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= 100
    assert max(map(len, told.partition("Subject")[0].splitlines())) <= 78


@pytest.mark.parametrize("cause", list(CauseClass))
def test_each_cause_has_its_questions(settings: Settings, cause: CauseClass) -> None:
    told = letter(settings, examined(cause, pushed()))
    questions = told.partition("OUR QUESTIONS\n")[2].partition("\nWHO WE ARE")[0]
    assert questions.count("?") >= 2


def test_what_is_for_the_school_stands_above_the_line_and_what_is_for_support_below(
    settings: Settings,
) -> None:
    cause = CauseClass.PRODUCT_OR_GO_LIVE
    path = (
        Step("Does the database work?", "Yes."),
        Step("Is it M-PESA's own API that answers?", "Yes, as far as it was asked."),
    )
    said = Diagnosis(
        cause, cause.meaning, path, cause.next_step, also=("token_level",), parted_by="Is it ticked?"
    )
    told = letter(settings, Examination((pushed(),), said, AT))
    ours, _, theirs = (" ".join(part.split()) for part in told.partition("-" * 78))
    assert "Is it ticked?" in ours
    assert "Is it ticked?" not in theirs
    assert cause.leaves_open in theirs
    assert CauseClass.TOKEN_LEVEL.meaning in theirs
    assert "- Is it M-PESA's own API that answers? Yes, as far as it was asked." in theirs
    assert "database" not in theirs


def test_in_the_sandbox_nobody_is_asked_whether_the_app_is_live(settings: Settings) -> None:
    sandbox = settings.model_copy(update={"daraja_environment": "sandbox"})
    told = letter(sandbox, examined(CauseClass.PRODUCT_OR_GO_LIVE, pushed()))
    questions = told.partition("OUR QUESTIONS\n")[2].partition("\nWHO WE ARE")[0]
    assert "sandbox app hold M-PESA Express" in questions
    assert "live" not in questions


def test_it_can_be_written_when_nothing_could_be_sent(settings: Settings) -> None:
    assert "Nothing could be sent" in letter(settings, examined(CauseClass.NETWORK))


def test_a_till_is_told_from_a_paybill(settings: Settings) -> None:
    till = {"daraja_transaction_type": "CustomerBuyGoodsOnline", "daraja_party_b": "5123456"}
    assert "store number of till 5123456" in letter(
        settings.model_copy(update=till), examined(CauseClass.UNCLEAR)
    )


def test_a_fingerprint_is_enough_to_compare_and_too_little_to_use() -> None:
    digest = hashlib.sha256(b"AbCdEfGhIjKlMnOp").hexdigest()[:8]
    told = fingerprint(SecretStr("AbCdEfGhIjKlMnOp"))
    assert told == f"begins AbCd, 16 characters, SHA-256 begins {digest}"
    assert fingerprint(SecretStr("")) == "not set"
    assert "AbCd" not in fingerprint(SecretStr("AbCdEfGh"))


def test_a_letter_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    write_letter(file, "Dear support")
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(LetterExists):
        write_letter(file, "something else")
    assert file.read_text() == "Dear support"
