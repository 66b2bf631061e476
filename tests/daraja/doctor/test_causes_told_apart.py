"""Every cause of a refused call that the simulator plays is named in its class, over HTTP, and no phone rings."""

from __future__ import annotations

from typing import Any

import pytest

from daraja.doctor import CauseClass, Product, diagnose, examine
from daraja.simulator import PLAYS, Cause
from tests.daraja.doctor.surgery import SECRETS, named, surgery, wrong

NAMED: dict[Cause, CauseClass] = {
    Cause.STK_PRODUCT_MISSING: CauseClass.PRODUCT_OR_GO_LIVE,
    Cause.GO_LIVE_UNFINISHED: CauseClass.PRODUCT_OR_GO_LIVE,
    Cause.NO_PRODUCTS: CauseClass.NO_PRODUCTS,
    Cause.WRONG_ENVIRONMENT: CauseClass.TOKEN_LEVEL,
    Cause.TOKENS_FORGOTTEN: CauseClass.STALE_TOKEN,
    Cause.RIVAL_ONCE: CauseClass.STALE_TOKEN,
    Cause.RIVAL_ALWAYS: CauseClass.TOKEN_LEVEL,
    Cause.MINT_INVALIDATES: CauseClass.WELL,
    Cause.TOKEN_SPOILT: CauseClass.TOKEN_LEVEL,
    Cause.HEADER_SPOILT_ON_CALLS: CauseClass.MANGLED_HEADER,
    Cause.FIREWALL_ON_PUSH: CauseClass.FIREWALL,
    Cause.FIREWALL: CauseClass.FIREWALL,
    Cause.FIREWALL_503: CauseClass.FIREWALL,
    Cause.OAUTH_400: CauseClass.WRONG_KEY_PAIR,
    Cause.OAUTH_401: CauseClass.WRONG_KEY_PAIR,
    Cause.OAUTH_PAGE: CauseClass.WRONG_HOST,
    Cause.OAUTH_WRONG_PATH: CauseClass.WRONG_HOST,
    Cause.PAGE_503: CauseClass.FIREWALL,
    Cause.INTERNAL_ERROR: CauseClass.MPESA_DOWN,
    Cause.SYSTEM_BUSY: CauseClass.MPESA_DOWN,
    Cause.BAD_GATEWAY: CauseClass.MPESA_DOWN,
    Cause.HANGING: CauseClass.MPESA_DOWN,
    Cause.SPIKE_ARREST: CauseClass.THROTTLED,
    Cause.QUOTA: CauseClass.THROTTLED,
    Cause.WRONG_PASSKEY: CauseClass.WRONG_PASSKEY,
    Cause.UNKNOWN_SHORTCODE: CauseClass.WRONG_SHORTCODE,
    Cause.QUERY_UNDECIDED: CauseClass.WELL,
    Cause.C2B_V1_ONLY: CauseClass.WELL,
    Cause.C2B_V2_ONLY: CauseClass.WELL,
    Cause.CLOCK_SKEW: CauseClass.CLOCK,
}
CHANGES: dict[Cause, dict[str, Any]] = {
    Cause.HEADER_SPOILT_ON_CALLS: {"last_push_refused_code": "404.001.03"},
    Cause.HANGING: {"timeout_s": 1.0, "held": None},
}


def test_every_play_is_in_the_table_and_cites_its_rows() -> None:
    assert set(NAMED) == set(PLAYS) == set(Cause)
    assert [cause for cause, play in PLAYS.items() if not play.cites.startswith("section ")] == []


@pytest.mark.parametrize("cause", Cause)
async def test_a_cause_is_named_in_its_class(cause: Cause) -> None:
    async with surgery() as school:
        await school.client.renew_token()
        school.simulator.play(cause)
        findings, diagnosis = await school.examined(**CHANGES.get(cause, {}))
        assert diagnosis.cause == NAMED[cause], (wrong(findings), diagnosis)
        assert diagnosis.well == (wrong(findings) == [])
        assert diagnosis.next_step
        assert diagnosis.path
        school.assert_that_nothing_rang()
        token = await school.store.load()
        told = repr(findings) + repr(diagnosis)
        assert [secret for secret in (*SECRETS, token.value if token else "-") if secret in told] == []


async def test_a_school_without_a_fault_is_well_and_hears_what_was_not_shown() -> None:
    async with surgery() as school:
        findings, diagnosis = await school.examined()
        assert diagnosis.well
        assert diagnosis.sandbox_only  # the empty request's 400 was measured there
        assert {finding.stage for finding in findings} == {
            *("network", "oauth", "products", "passkey", "clock", "credential")
        }
        assert [each.name for each in findings if each.stage == "products"] == [
            each.value for each in Product
        ]
        assert [each.said for each in findings if each.verdict == "good" and not each.leaves_open] == []
        school.assert_that_nothing_rang()


async def test_product_and_go_live_answer_alike_and_the_question_that_parts_them_is_asked() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.GO_LIVE_UNFINISHED)
        findings, diagnosis = await school.examined(environment="production")
        assert "ticked" in diagnosis.parted_by
        assert "go-live" in diagnosis.parted_by
        assert diagnosis.sandbox_only
        again = named(findings, "products", "stk_again").exchange
        assert again is not None
        assert (again.http_status, again.code, again.message) == (404, "404.001.03", "Invalid Access Token")
        assert again.request_id


async def test_an_app_without_any_product_may_be_one_whose_go_live_is_unfinished() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.NO_PRODUCTS)
        _, diagnosis = await school.examined(environment="production")
        assert (diagnosis.cause, diagnosis.also) == ("no_products", ("product_or_go_live",))
        assert "go-live" in diagnosis.parted_by


@pytest.mark.parametrize("cause", [Cause.STK_PRODUCT_MISSING, Cause.NO_PRODUCTS])
async def test_the_sandbox_knows_no_go_live(cause: Cause) -> None:
    async with surgery() as school:
        school.simulator.play(cause)
        _, diagnosis = await school.examined(environment="sandbox")
        assert "Lipa Na M-Pesa Sandbox" in diagnosis.next_step
        assert (diagnosis.also, diagnosis.parted_by) == ((), "")


async def test_what_refuses_every_token_is_parted_by_other_keys_other_lines_other_systems() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.RIVAL_ALWAYS)
        _, diagnosis = await school.examined()
        assert "DARAJA_ENVIRONMENT" in diagnosis.next_step
        for part in ("DARAJA_ENVIRONMENT", "internet line", "second system"):
            assert part in diagnosis.parted_by


async def test_a_spoilt_header_is_told_from_a_stale_token_by_a_real_refusal() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.HEADER_SPOILT_ON_CALLS)
        code = await school.push_refusal()
        findings, diagnosis = await school.examined(last_push_refused_code=code)
        assert diagnosis.cause == CauseClass.MANGLED_HEADER
        assert wrong(findings) == ["products/real_call", "passkey/query"]


async def test_a_spoilt_header_is_seen_without_a_real_refusal_too() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.HEADER_SPOILT_ON_CALLS)
        _, diagnosis = await school.examined()
        assert (diagnosis.cause, diagnosis.also) == ("mangled_header", ("stale_token",))


async def test_without_the_token_in_use_a_spoilt_header_and_a_stale_token_answer_alike() -> None:
    async with surgery() as school:
        _, diagnosis = await school.examined(last_push_refused_code="404.001.03", held=None)
        assert (diagnosis.cause, diagnosis.also) == ("mangled_header", ("stale_token",))
        assert diagnosis.parted_by


async def test_the_version_of_c2b_that_the_school_registers_with_is_not_the_one_it_holds() -> None:
    needs = frozenset({Product.STK, Product.QUERY, Product.C2B_V2})
    async with surgery() as school:
        school.simulator.play(Cause.C2B_V1_ONLY)
        findings, diagnosis = await school.examined(needs=needs)
        assert diagnosis.cause == CauseClass.PRODUCT_OR_GO_LIVE
        assert "version 1" in diagnosis.next_step
        assert wrong(findings) == ["products/c2b_v2"]


async def test_what_the_doctor_mints_is_what_the_bot_goes_on_with() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.MINT_INVALIDATES)
        await school.client.renew_token()
        await school.examined()
        assert await school.push_refusal() == ""


async def test_a_page_under_503_may_be_the_firewalls_or_mpesas() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.PAGE_503)
        _, diagnosis = await school.examined()
        assert diagnosis.also == ("mpesa_down",)
        assert "Incapsula" in diagnosis.parted_by


async def test_a_firewall_is_not_asked_again() -> None:
    async with surgery() as school:
        school.simulator.play(Cause.FIREWALL_ON_PUSH)
        findings, _ = await school.examined(held=None)
        assert school.simulator.counts == {"oauth": 1, "push": 1}
        assert named(findings, "products", "reversal").verdict == "skipped"


async def test_a_firewall_that_let_calls_through_may_have_minded_their_number() -> None:
    async with surgery() as school:
        school.simulator.fail_next("reversal", "html_403", times=None)
        findings, diagnosis = await school.examined()
        assert diagnosis.cause == CauseClass.FIREWALL
        assert "quiet minutes" in diagnosis.parted_by
        assert named(findings, "products", "pull").verdict == "skipped"


async def test_findings_are_told_as_they_come_and_stages_can_be_left_out() -> None:
    async with surgery() as school:
        heard: list[str] = []
        findings = await examine(
            school.subject, on_finding=lambda each: heard.append(each.name), without={"passkey"}
        )
        assert heard == [finding.name for finding in findings]
        assert "passkey" not in {finding.stage for finding in findings}
        assert diagnose(findings).well
