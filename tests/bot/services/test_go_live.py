"""The go-live checklist: what ticks itself, what waits for a person; and the page that says the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.cli.demo import demo_settings
from bot.playground.botapi import PLAYGROUND_TOKEN
from bot.services.examine import Examination
from bot.services.go_live import TITLES, Point, Tick, checklist, through
from bot.settings import Settings
from daraja.doctor import Finding, Verdict, diagnose
from daraja.simulator import SimulatorConfig

PAGE = Path(__file__).parents[3] / "docs" / "go-live.md"
BY_PERSON = {"shortcode", "organisation", "manager", "otp", "operator", "first_payment"}
GOOD = tuple(
    Finding(stage, name, Verdict.GOOD, "Good.")
    for stage, name in (
        ("network", "connection"),
        ("oauth", "mint"),
        ("products", "stk"),
        ("passkey", "query"),
        ("callback", "reach"),
    )
)
NEVER_CALLED = Finding("callback", "last_call", Verdict.UNKNOWN, "M-PESA has never called us yet.")


@pytest.fixture
def trying(tmp_path: Path) -> Settings:
    """A school that still tries things in the sandbox."""
    return demo_settings(tmp_path, "http://127.0.0.1:9", "", PLAYGROUND_TOKEN, SimulatorConfig())


@pytest.fixture
def live(trying: Settings) -> Settings:
    """The same with the values of its go-live."""
    values = {
        "daraja_environment": "production",
        "daraja_shortcode": "600123",
        "daraja_passkey": SecretStr("9f" * 32),
    }
    return trying.model_copy(update=values)


def points(settings: Settings, *found: Finding) -> dict[str, Point]:
    examination = Examination(found, diagnose(found), datetime(2026, 11, 22, tzinfo=UTC))
    return {point.name: point for point in checklist(settings, examination)}


def test_a_list_is_through_when_every_point_is_ticked() -> None:
    done, open_, person = (Point("a", "A", tick, "") for tick in Tick)
    assert through([])
    assert through([done])
    assert not through([done, open_])
    assert not through([done, person])


def test_an_answer_that_does_not_tell_of_the_passkey_leaves_it_to_a_person(live: Settings) -> None:
    untold = Finding("passkey", "query", Verdict.UNKNOWN, "Not told.", leaves_open="KES 1 would show it.")
    point = points(live, *GOOD[:3], untold)["passkey"]
    assert (point.tick, point.said) == (Tick.PERSON, "Not told. KES 1 would show it.")


def ticked(settings: Settings, tick: Tick, *found: Finding) -> set[str]:
    return {name for name, point in points(settings, *found).items() if point.tick is tick}


def with_(finding: Finding) -> tuple[Finding, ...]:
    """All good, but this one."""
    return (*(each for each in GOOD if (each.stage, each.name) != (finding.stage, finding.name)), finding)


def test_page_and_command_have_the_same_points() -> None:
    points = re.findall(r"^\d+\. \*\*(.+?)\.\*\*", PAGE.read_text().replace("\n   ", " "), re.MULTILINE)
    assert points == list(TITLES.values())


def test_the_page_names_every_setting_and_address_that_counts() -> None:
    page = PAGE.read_text()
    for word in (
        "DARAJA_CONSUMER_KEY",
        "DARAJA_PASSKEY",
        "DARAJA_PARTY_B",
        "DARAJA_INITIATOR_NAME",
        "90 days",
        "KES 1",
    ):
        assert word in page


def test_in_the_sandbox_all_that_is_productions_is_still_to_do(trying: Settings) -> None:
    assert ticked(trying, Tick.PERSON, *GOOD) == BY_PERSON - {"shortcode"}
    assert ticked(trying, Tick.OPEN, *GOOD) == {"shortcode", "keys", "passkey", "endpoints", "product"}


def test_what_the_examination_shows_is_ticked(live: Settings) -> None:
    assert ticked(live, Tick.PERSON, *GOOD, NEVER_CALLED) == BY_PERSON
    assert ticked(live, Tick.OPEN, *GOOD, NEVER_CALLED) == set()


@pytest.mark.parametrize(
    ("stage", "name", "point"),
    [
        ("oauth", "mint", "keys"),
        ("passkey", "query", "passkey"),
        ("products", "stk", "product"),
        ("network", "connection", "endpoints"),
        ("callback", "reach", "callback"),
    ],
)
@pytest.mark.parametrize("verdict", [Verdict.BAD, Verdict.UNKNOWN, Verdict.SKIPPED])
def test_what_is_wrong_unclear_or_was_not_asked_is_still_to_do(
    live: Settings, stage: str, name: str, point: str, verdict: Verdict
) -> None:
    found = with_(Finding(stage, name, verdict, "The reason."))
    by_person = (stage, verdict) == ("passkey", Verdict.UNKNOWN)
    assert ticked(live, Tick.OPEN, *found) == (set() if by_person else {point})
    if verdict is not Verdict.SKIPPED:
        assert "The reason." in points(live, *found)[point].said


def test_another_host_is_not_productions(live: Settings) -> None:
    elsewhere = live.model_copy(update={"daraja_api_url": "https://proxy.mwangaza.ac.ke"})
    assert ticked(elsewhere, Tick.OPEN, *GOOD) == {"endpoints"}


def test_an_address_that_mpesa_cannot_like_is_still_to_do(live: Settings) -> None:
    tunnel = Finding("settings", "public_url", Verdict.WARNING, "A tunnel.", fix="Take a name.")
    assert points(live, *GOOD, tunnel)["callback"].said == "A tunnel. Take a name."


def test_without_public_url_there_is_nothing_to_reach(live: Settings) -> None:
    inside = live.model_copy(update={"public_url": ""})
    assert "callback" in ticked(inside, Tick.DONE, *GOOD)


def test_symbols_in_the_schools_name_are_shown(live: Settings) -> None:
    named = live.model_copy(update={"school_name": "St. Mary's & Sons"})
    assert "&" in points(named, *GOOD)["organisation"].said


def test_an_operator_whose_credential_cannot_be_made_is_still_to_do(live: Settings) -> None:
    named = live.model_copy(update={"daraja_initiator_name": "karoapi"})
    broken = Finding("credential", "certificate", Verdict.BAD, "It cannot be read.")
    assert points(named, *GOOD, broken)["operator"].tick is Tick.OPEN
    good = Finding("credential", "certificate", Verdict.GOOD, "It can be made.")
    assert points(named, *GOOD, good)["operator"].tick is Tick.PERSON
