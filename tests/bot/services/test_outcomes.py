"""Every code of the catalogue, on every channel, leads where its line says: by `final` and by `money`."""

from __future__ import annotations

import pytest

from bot.services import outcomes
from daraja import AnswerLost, BadRequest, DarajaError, NeverSent, Refused, TokenRefused, TokenUnavailable
from daraja.catalogue import CATALOGUE, Channel, Entry, look_up
from daraja.error_codes import TOKEN_REFUSED
from storage.payment_state import PaymentStatus
from tests.bot.services.counter import Counter
from tests.bot.services.safaricom import PushAnswer, QueryAnswer, callback_body

S = PaymentStatus

OUR_OWN = {
    "never_sent": PushAnswer("never"),
    "no_token": PushAnswer("stale_and_down"),
    "answer_lost": PushAnswer("lost"),
    "refused_other": PushAnswer("not_zero", "1"),
}
STRANGERS = ["7777", "SFC_XX9999", "1.5"]


def lines(channel: Channel) -> list[Entry]:
    """The catalogue's lines for one channel."""
    return [entry for entry in CATALOGUE if entry.channel is channel]


def name_of(entry: Entry) -> str:
    return f"{entry.code} {entry.cause}"


def answer_for(entry: Entry) -> PushAnswer:
    """How M-PESA, or the lack of it, words this line."""
    words = entry.match or "no further words"
    return OUR_OWN.get(entry.code) or PushAnswer("error", entry.code, words, int(entry.code[:3]))


def after_result(entry: Entry) -> PaymentStatus:
    """Where a result leads a payment that M-PESA had accepted."""
    if entry.money == "moved":
        return S.PAID
    if not entry.final:
        return S.REQUESTED
    return S.CANCELLED if entry.cause == "cancelled" else S.FAILED


async def accepted(place: Counter, number: int) -> int:
    """A payment from a phone of its own whose prompt is out."""
    return await place.prompted(1000 + number, phone=f"2547000{number:05}")


async def four_minutes(place: Counter) -> None:
    """Let time pass until every failure was asked about late, and again."""
    for seconds in (180, 10, 50):
        await place.tick(seconds)


async def test_every_answer_to_a_push_leads_where_its_line_says(place: Counter) -> None:
    found, expected = {}, {}
    for number, entry in enumerate(lines(Channel.PUSH)):
        if entry.code in ("bad_request_local", TOKEN_REFUSED):
            continue
        place.mpesa.push_answers[1000 + number], place.mpesa.down = answer_for(entry), False
        payment = await place.payment(await accepted(place, number))
        found[name_of(entry)] = (payment.status, payment.cause, payment.retry_after_s)
        status = S.FAILED if entry.money == "unmoved" else S.UNCERTAIN
        expected[name_of(entry)] = (status, entry.cause, entry.retry_after_s)

    assert found == expected


async def test_every_result_in_a_callback_leads_where_its_line_says(place: Counter) -> None:
    found, expected = {}, {}
    for number, entry in enumerate(lines(Channel.CALLBACK)):
        payment_id = await accepted(place, number)
        sent = place.mpesa.last()
        await place.settle.callback(sent.token, callback_body(sent.checkout, entry.code))
        payment = await place.payment(payment_id)
        found[entry.code] = (payment.status, payment.cause)
        expected[entry.code] = (after_result(entry), "" if entry.cause == "still_processing" else entry.cause)

    assert found == expected


async def test_every_result_of_a_query_leads_where_its_line_says(place: Counter) -> None:
    entries = [
        entry for entry in lines(Channel.QUERY) if entry.code[:4] not in ("400.", "404.", "405.", "500.")
    ]
    ids = {}
    for number, entry in enumerate(entries):
        if not entry.code.islower():
            ids[entry.code] = await accepted(place, number)
            place.mpesa.query_answers[place.mpesa.last().checkout] = QueryAnswer(code=entry.code)
    await four_minutes(place)

    found = {code: (await place.payment(payment_id)).status for code, payment_id in ids.items()}

    assert found == {entry.code: after_result(entry) for entry in entries if entry.code in ids}


async def test_an_error_in_place_of_a_query_s_answer_says_nothing_about_the_payment(place: Counter) -> None:
    ids = []
    for number, entry in enumerate(lines(Channel.QUERY)):
        if entry.code[:4] in ("400.", "404.", "405.", "500.") and entry.code != TOKEN_REFUSED:
            ids.append(await accepted(place, number))
            answer = QueryAnswer("error", entry.code, entry.match or "", int(entry.code[:3]))
            place.mpesa.query_answers[place.mpesa.last().checkout] = answer
    await four_minutes(place)

    assert {(await place.payment(payment_id)).status for payment_id in ids} == {S.REQUESTED}


@pytest.mark.parametrize("code", [*STRANGERS, "1036", "1050", "2029"])
async def test_a_result_that_nobody_can_read_waits_for_a_person(place: Counter, code: str) -> None:
    payment_id = await place.prompted()
    sent = place.mpesa.last()
    await place.deliver()

    await place.settle.callback(sent.token, callback_body(sent.checkout, code))

    payment = await place.payment(payment_id)
    assert (payment.status, payment.outcome_code) == (S.REQUESTED, code)
    assert list(await place.concerns(payment_id)) == ["unknown_code"]
    told = {message.chat_id: message.text for message in await place.deliver()}
    assert "Not paid" not in told[place.grace.chat.id]
    assert "not known here" in told[place.admin.id]


async def test_an_unreadable_report_about_a_settled_payment_changes_nothing_that_was_said(
    place: Counter,
) -> None:
    payment_id = await place.prompted()
    sent = place.mpesa.last()
    await place.settle.callback(sent.token, callback_body(sent.checkout, number="UKB7RT61SV", amount=1500.0))

    await place.settle.callback(sent.token, callback_body(sent.checkout, "7777"))

    payment = await place.payment(payment_id)
    assert (payment.status, payment.cause) == (S.PAID, "paid")
    assert list(await place.concerns(payment_id)) == ["unknown_code"]


@pytest.mark.parametrize(("status", "to"), [(400, S.FAILED), (500, S.UNCERTAIN)])
async def test_an_error_that_nobody_knows_goes_to_a_person_whatever_it_means(
    place: Counter, status: int, to: PaymentStatus
) -> None:
    place.mpesa.push_answers[1500] = PushAnswer("error", f"{status}.009.99", "Something new", status)

    payment = await place.payment(await place.prompted(1500))

    assert (payment.status, payment.outcome_code) == (to, f"{status}.009.99")
    assert list(await place.concerns(payment.id)) == ["unknown_code"]


@pytest.mark.parametrize(
    ("error", "to", "cause", "reached"),
    [
        (BadRequest("Amount", "too small"), S.FAILED, "bad_request_local", False),
        (NeverSent("no connection"), S.FAILED, "never_sent", False),
        (TokenUnavailable("no token"), S.FAILED, "no_token", False),
        (TokenUnavailable("no token", code="500.003.1001"), S.FAILED, "no_token", False),
        (TokenUnavailable("no token", code="400.008.01"), S.FAILED, "no_token", False),
        (TokenRefused(code=TOKEN_REFUSED, message="", http_status=404), S.FAILED, "token_refused", True),
        (Refused(code="1", message="no", http_status=200), S.FAILED, "refused_other", True),
        (Refused(code="400.009.99", message="new", http_status=400), S.FAILED, "refused_other", True),
        (AnswerLost("timed out"), S.UNCERTAIN, "answer_lost", True),
        (AnswerLost("new", code="500.009.99"), S.UNCERTAIN, "unknown", True),
        (AnswerLost("busy", code="500.003.02", message="System is busy"), S.UNCERTAIN, "busy_unclear", True),
    ],
    ids=lambda value: repr(value) if isinstance(value, DarajaError) else None,
)
def test_each_kind_of_error_says_what_may_have_left_us(
    error: DarajaError, to: PaymentStatus, cause: str, reached: bool
) -> None:
    verdict = outcomes.of_push(error)

    assert (verdict.to, verdict.entry.cause, verdict.reached_mpesa) == (to, cause, reached)
    assert verdict.to is S.UNCERTAIN or not error.money_may_have_moved


@pytest.mark.parametrize("entry", lines(Channel.PUSH), ids=name_of)
def test_a_push_fails_for_good_only_where_no_money_can_have_moved(entry: Entry) -> None:
    words = entry.match or ""
    lost = outcomes.of_push(AnswerLost("gone", code=entry.code, message=words))
    assert lost.to is S.UNCERTAIN
    if entry.final:
        refused = outcomes.of_push(Refused(code=entry.code, message=words, http_status=400))
        assert (refused.to, refused.entry) == (S.FAILED, look_up(Channel.PUSH, entry.code, words))
