"""One diagnosis for any list of findings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja.doctor import CauseClass, Evidence, Exchange, Finding, Verdict, diagnose
from daraja.doctor.reading import Reading, read, refuses_token

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
STAGES = (
    *("settings", "database", "telegram", "network", "oauth", "products", "passkey", "callback", "clock"),
    *("credential", "elsewhere"),
)
NAMES = (
    "mint",
    "held",
    "stk",
    "stk_again",
    "query",
    "status",
    "c2b_v1",
    "c2b_v2",
    "real_call",
    "broken_off",
    "date",
)
NO_PRODUCT = "Invalid API call as no apiproduct match found"
WORDS = (
    *(
        "",
        "Invalid Access Token",
        "Error Occurred - Invalid Access Token - ",
        "Wrong credentials",
        "Incapsula",
    ),
    *(
        "Invalid API call as no apiproduct match found",
        "Merchant does not exist",
        "Spike Arrest Violation",
        "x",
    ),
)
EXCHANGES = st.none() | st.builds(
    Exchange,
    endpoint=st.just("POST https://mpesa.invalid/x"),
    at=st.just(AT),
    http_status=st.none() | st.sampled_from((200, 302, 400, 401, 403, 404, 429, 500, 503)) | st.integers(),
    code=st.sampled_from(("", "404.001.03", "400.003.01", "400.002.02", "400.008.02", "500.001.1001"))
    | st.text(),
    message=st.sampled_from(WORDS) | st.text(),
    trouble=st.sampled_from(("", "not JSON", "NeverSent", "TimeoutError")),
)
FINDINGS = st.builds(
    Finding,
    stage=st.sampled_from(STAGES),
    name=st.sampled_from(NAMES) | st.text(),
    verdict=st.sampled_from(Verdict),
    said=st.text(),
    fix=st.text(),
    evidence=st.sampled_from(Evidence),
    exchange=EXCHANGES,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FINDINGS, max_size=12))
def test_any_findings_lead_to_one_class_and_a_next_step(findings: list[Finding]) -> None:
    diagnosis = diagnose(findings)
    cause = CauseClass(diagnosis.cause)
    assert diagnosis.said.startswith(cause.meaning)
    assert diagnosis.next_step.strip()
    assert cause.leaves_open
    assert all(step.asked and step.answered for step in diagnosis.path)
    assert {CauseClass(other) for other in diagnosis.also} <= set(CauseClass)
    assert diagnosis.parted_by or not diagnosis.also
    if any(finding.verdict is Verdict.BAD for finding in findings):
        assert not diagnosis.well


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STAGES), st.sampled_from(NAMES)), min_size=1, max_size=12))
def test_when_all_is_good_all_is_well(names: list[tuple[str, str]]) -> None:
    assert diagnose([Finding(stage, name, Verdict.GOOD, "Good.") for stage, name in names]).well


def test_nothing_examined_is_not_well() -> None:
    assert diagnose([]).cause == CauseClass.UNCLEAR
    assert diagnose([Finding("oauth", "asked", Verdict.SKIPPED, "Not asked.")]).cause == CauseClass.UNCLEAR


@pytest.mark.parametrize(
    ("stage", "cause"),
    [
        ("settings", CauseClass.SETTINGS),
        ("database", CauseClass.DATABASE),
        ("network", CauseClass.NETWORK),
        ("telegram", CauseClass.TELEGRAM),
        ("callback", CauseClass.CALLBACK),
        ("credential", CauseClass.CREDENTIAL),
        ("clock", CauseClass.CLOCK),
        ("elsewhere", CauseClass.UNCLEAR),
    ],
)
def test_a_stage_of_its_own_is_named(stage: str, cause: CauseClass) -> None:
    good = [Finding(each, "x", Verdict.GOOD, "Good.") for each in STAGES]
    bad = Finding(stage, "y", Verdict.BAD, "It is broken.", fix="Mend it.")
    diagnosis = diagnose([*good, bad])
    assert diagnosis.cause == cause
    assert "It is broken." in diagnosis.said
    assert diagnosis.path[-1].answered.endswith("It is broken.")


@pytest.mark.parametrize(
    ("verdicts", "answer"),
    [
        ([Verdict.SKIPPED], "Not asked."),
        ([], "Not asked."),
        ([Verdict.WARNING], "Not known for sure."),
        ([Verdict.UNKNOWN], "Not known for sure."),
        ([Verdict.GOOD, Verdict.UNKNOWN], "Yes, as far as it is known."),
        ([Verdict.GOOD, Verdict.WARNING], "Yes."),
    ],
)
@pytest.mark.parametrize("stage", ["callback", "clock"])
def test_a_stage_is_answered_yes_only_when_it_was_seen(
    stage: str, verdicts: list[Verdict], answer: str
) -> None:
    told = [Finding(stage, verdict, verdict, "Told.") for verdict in verdicts]
    path = diagnose([Finding("oauth", "mint", Verdict.GOOD, "Good."), *told]).path
    asked = {"callback": "Do M-PESA's reports reach us?", "clock": "Is our clock right?"}[stage]
    assert [step.answered for step in path if step.asked == asked] == [answer]


def test_what_comes_first_is_named_and_the_rest_is_mentioned() -> None:
    telegram = Finding("telegram", "me", Verdict.BAD, "No bot.", fix="Mend it.")
    setting = Finding("settings", "passkey", Verdict.BAD, "It is blank.", fix="Fill it in.")
    diagnosis = diagnose([telegram, setting])
    assert (diagnosis.cause, diagnosis.next_step) == ("settings", "Fill it in.")
    assert "Telegram" in diagnosis.said


def test_a_slow_clock_may_be_why_the_password_is_refused() -> None:
    refused = Exchange("POST x", AT, 500, "500.001.1001", "Wrong credentials")
    clock = Finding("clock", "date", Verdict.BAD, "Slow.")
    passkey = Finding("passkey", "query", Verdict.BAD, "Refused.", exchange=refused)
    diagnosis = diagnose([clock, passkey])
    assert (diagnosis.cause, diagnosis.also) == ("clock", ("wrong_passkey",))
    assert diagnosis.parted_by


def test_a_lone_refusal_names_what_it_cannot_tell() -> None:
    refused = Exchange("POST x", AT, 404, "404.001.03", "Invalid Access Token")
    diagnosis = diagnose([Finding("products", "stk", Verdict.BAD, "Refused.", exchange=refused)])
    assert diagnosis.cause == CauseClass.PRODUCT_OR_GO_LIVE
    assert diagnosis.also == ("no_products", "token_level")


@pytest.mark.parametrize(
    ("status", "code", "message", "trouble", "reading"),
    [
        (400, "400.002.02", "Bad Request - Invalid BusinessShortCode", "", Reading.PASSED),
        (400, "400.002.05", "Invalid Request Payload", "", Reading.PASSED),
        (500, "500.001.1001", "Merchant does not exist", "", Reading.PASSED),
        (200, "1001", "No records found or Organization Name not available", "", Reading.PASSED),
        (404, "404.001.03", "Invalid Access Token", "", Reading.TOKEN_REFUSED),
        (404, "404.001.03", "", "", Reading.TOKEN_REFUSED),
        (400, "400.003.01", "Error Occurred - Invalid Access Token - ", "", Reading.TOKEN_REFUSED),
        (400, "400.003.01", "Bad Request", "", Reading.PASSED),
        (
            401,
            "401.002.01",
            "Error Occurred - Invalid Access Token - Invalid access token",
            "",
            Reading.TOKEN_REFUSED,
        ),
        (401, "401.001", "invalid access token", "", Reading.TOKEN_REFUSED),
        (
            *(
                401,
                "401.003.01",
                "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found",
            ),
            *("", Reading.NO_PRODUCT),
        ),
        (403, "", "Request unsuccessful. Incapsula incident ID: •••", "not JSON", Reading.FIREWALL),
        (200, "", "Incapsula", "not JSON", Reading.FIREWALL),
        (503, "", "Service Unavailable", "not JSON", Reading.FIREWALL),
        (502, "", "Bad Gateway", "not JSON", Reading.DOWN),
        (200, "", "Welcome", "not JSON", Reading.NOT_DARAJA),
        (429, "", "Too Many Requests", "not JSON", Reading.THROTTLED),
        (500, "500.003.02", "Error Occurred: Spike Arrest Violation", "", Reading.THROTTLED),
        (500, "500.003.02", "System is busy. Please try again in few minutes", "", Reading.DOWN),
        (404, "404.001.01", "Resource not found", "", Reading.ODD),
        (None, "", "", "NeverSent", Reading.UNREACHABLE),
        (None, "", "", "TimeoutError", Reading.DOWN),
        (None, "", "", "", Reading.ODD),
    ],
)
def test_each_spelling_of_an_answer_is_read(
    status: int | None, code: str, message: str, trouble: str, reading: Reading
) -> None:
    assert read(Exchange("POST x", AT, status, code, message, trouble=trouble)) is reading


def test_a_token_refusal_is_known_by_code_where_the_words_are_not_known() -> None:
    assert refuses_token("404.001.03")
    assert not refuses_token("")
    assert not refuses_token("500.001.1001")
