"""Every check with what must pass it and what must not: our own, and the faulty ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daraja import DarajaClient, Operator, look_up, parse_stk_callback
from daraja.c2b import parse_c2b_confirmation
from tests.daraja.peers import checks_answers as answers
from tests.daraja.peers import checks_fields as fields
from tests.daraja.peers import checks_parsers as parsers
from tests.daraja.peers import checks_sending as sending
from tests.daraja.peers import checks_tokens as tokens
from tests.daraja.peers import faulty_answers, faulty_fields, faulty_parsers, faulty_sending, faulty_tokens


def our_credential_of(certificate: bytes) -> str:
    """An operator's credential under a certificate."""
    return Operator("karo-operator", "invented", certificate).security_credential()


@dataclass(frozen=True)
class Case:
    """A check, what of ours passes it, and what fails it."""

    check: Callable[[Any], Any]
    ours: Any
    faulty: tuple[Any, ...]


FAULTY_MODULES = (faulty_answers, faulty_fields, faulty_parsers, faulty_sending, faulty_tokens)
_FAULTY = {name: thing for module in FAULTY_MODULES for name, thing in vars(module).items()}


def _cases(ours: Any, rows: Mapping[str, tuple[Callable[[Any], Any], str]]) -> dict[str, Case]:
    """Faulty ones by their names, with blanks between."""
    return {
        name: Case(check, ours, tuple(_FAULTY[each] for each in faulty.split()))
        for name, (check, faulty) in rows.items()
    }


CASES: Mapping[str, Case] = {
    **_cases(
        DarajaClient,
        {
            "a push whose answer is late is not sent again": (
                sending.sent_once_when_late,
                "ResendsAfterTimeout",
            ),
            "no header is trusted to make a second push harmless": (
                sending.no_header_is_trusted,
                "TrustsAHeader",
            ),
            "wrong credentials are not tried again": (sending.wrong_credentials_once, "RetriesEvery5xx"),
            "a gateway's page is not an invitation to try again": (
                sending.gateways_page_once,
                "RetriesEvery5xx",
            ),
            "a gateway's page is no failed connection": (
                sending.gateways_page_is_no_connection,
                "CallsItAConnection",
            ),
            "paying again rings again": (sending.paying_again_rings_again, "HidesRepeats"),
            "after a refusal the payer can be asked again": (
                sending.asks_again_after_refusal,
                "RemembersRefusals",
            ),
            "pushes share a connection": (sending.pushes_share_a_connection, "ConnectsForEachPush"),
            "a silent host is given up": (sending.silent_host_is_given_up, "WaitsForEver"),
            "many pushes are under way at once": (sending.many_at_once, "OneAtATime"),
            "a client works with a Daraja on this machine": (
                sending.works_on_this_machine,
                "RefusesThisMachine",
            ),
            "whoever waits for a token waits until it comes": (tokens.waits_for_the_token, "GivesUpWaiting"),
        },
    ),
    **_cases(
        DarajaClient,
        {
            "fifty first pushes share one token": (tokens.one_token_for_fifty, "MintsForEachFirstPush"),
            "a token is kept": (tokens.token_is_kept, "MintsForEachCall"),
            "a token is replaced a minute before its end": (
                tokens.replaced_before_its_end,
                "UsesTheLastSecond",
            ),
            "a token lives as long as M-PESA says": (tokens.lives_as_told, "GuessesTheLife CountsMinutes"),
            "a refused token is replaced at once": (tokens.refused_token_is_replaced, "KeepsRefusedToken"),
            "a refused token is replaced once for all who met it": (
                tokens.replaced_once_for_all,
                "EachRenewsForItself",
            ),
            "a new token that is refused as well ends it": (
                tokens.second_refusal_ends_it,
                "RenewsAgainAndAgain",
            ),
            "the reason behind a refused token is kept": (tokens.reason_is_kept, "HidesTheReason"),
            "two tenants share neither token nor shortcode": (sending.tenants_are_apart, "SharesItsToken"),
        },
    ),
    **_cases(
        DarajaClient,
        {
            "no field that M-PESA would refuse is sent": (
                fields.no_bad_field_leaves,
                "SendsAnyAmount SendsAnyDescription",
            ),
            "a stranger is not prompted": (fields.stranger_is_not_prompted, "TakesTheLastNineDigits"),
            "a number that begins with 01 goes out whole": (fields.zero_one_goes_out_whole, "Cuts01"),
            "2541 is a good number": (fields.takes_2541, "Refuses2541"),
            "both phones go out in one form": (fields.both_phones_in_one_form, "SendsPartyAAsTyped"),
            "250,000 shillings can be asked for": (fields.quarter_million_is_taken, "Refuses150001"),
            "a reference is never changed": (fields.reference_is_never_changed, "CutsReferences"),
            "half a shilling is no shilling": (fields.half_a_shilling, "CutsAmounts"),
            "a till receives by its own number": (fields.till_receives, "PaysTheStore"),
            "a CallBackURL that M-PESA refuses is not sent": (fields.bad_url_is_not_sent, "SendsAnyUrl"),
            "a text that M-PESA refuses is not sent": (
                fields.bad_text_is_not_sent,
                "SendsAnyDescription SendsAnyReference",
            ),
            "the passkey never leaves": (fields.passkey_never_leaves, "SendsThePasskey"),
            "Password and Timestamp are one reading of the clock": (
                fields.one_reading_of_the_clock,
                "ReadsTheClockTwice",
            ),
            "the Timestamp is Nairobi's, whatever the machine's zone": (
                fields.stamp_is_nairobis,
                "StampsMachineTime",
            ),
            "the Timestamp is not UTC": (fields.stamp_is_not_utc, "StampsUtc StampsMachineTime"),
            "the security credential is the password alone": (
                fields.credential_is_the_password,
                "EncryptsTheTimeToo",
            ),
            "the security credential is encrypted": (fields.credential_is_the_password, "EncodesOnly"),
            "the security credential is padded as M-PESA expects": (
                fields.credential_is_the_password,
                "PadsByOaep",
            ),
        },
    ),
    **_cases(
        DarajaClient,
        {
            "a locked subscriber is left alone for a minute": (
                sending.locked_subscriber_once,
                "RingsAtOnce RetriesEvery5xx",
            ),
            "a gateway's page is an answer lost": (sending.gateways_page_is_lost, "ShowsItsJsonReader"),
            "a payment without a callback is found by asking": (
                sending.found_by_asking,
                "WaitsForTheCallback",
            ),
            "ResponseCode 1 is a no": (answers.response_code_1_is_a_no, "TakesAny200"),
            "an error is no result": (answers.error_is_no_result, "ReturnsErrors"),
            "an error carries M-PESA's code, words and request id": (
                answers.error_says_what_mpesa_said,
                "TellsTheUrlOnly",
            ),
            "what became of a push can be asked": (answers.fate_can_be_asked, "CannotAsk"),
            "being processed is not an error": (answers.pending_is_no_error, "PendingIsAnError"),
            "being processed is not a failure": (answers.pending_is_no_failure, "PendingIsAFailure"),
        },
    ),
    **_cases(
        look_up,
        {
            "each official result code is known": (
                answers.official_results_known,
                "knows_no_code counts_codes",
            ),
            "each official error code is known": (answers.official_errors_known, "knows_no_code"),
            "2001 is the payer's PIN in a callback and the operator's password in a result": (
                answers.channels_are_told_apart,
                "knows_one_channel",
            ),
            "500.001.1001 is told apart by its words": (answers.words_part_one_code, "reads_no_words"),
            "both spellings of a code are one": (answers.spellings_are_one, "knows_the_page_only"),
            '"the operator does not exist" is known in both spellings': (
                answers.operator_is_known,
                "knows_the_page_only counts_codes",
            ),
            "each code says whose turn it is and when to try again": (
                answers.advice_is_given,
                "gives_no_advice",
            ),
        },
    ),
    **_cases(
        parse_stk_callback,
        {
            "a success is read": (parsers.reads_a_success, "shadowed"),
            "a callback with an unknown item that is an object": (
                parsers.reads_an_unknown_object,
                "wants_scalars",
            ),
            "a callback whose Balance has no Value": (parsers.reads_a_balance_without_value, "wants_values"),
            "a callback with a textual code": (parsers.reads_a_textual_code, "counts_results"),
            "a callback whose CallbackMetadata is null": (parsers.reads_null_metadata, "wants_metadata"),
            "a callback without ResultDesc": (parsers.reads_no_words, "wants_words"),
            "a callback with one Item that is no list": (parsers.reads_one_item_alone, "wants_a_list"),
            "a callback with a masked phone": (parsers.reads_a_masked_phone, "counts_phones"),
            "a callback with amounts as text": (parsers.reads_amounts_as_text, "wants_numbers"),
            "a callback with its items in another order": (parsers.reads_any_order, "reads_by_place"),
            "a callback with fields nobody knows": (parsers.reads_more_than_it_knows, "knows_all_fields"),
            "a callback of a failure, which has no items": (parsers.reads_a_failure, "needs_metadata"),
            "junk is no callback": (parsers.junk_is_its_own_error, "shows_its_inside"),
        },
    ),
    **_cases(
        parse_c2b_confirmation,
        {
            "a C2B confirmation with a hashed number": (parsers.reads_a_hashed_number, "wants_short_payers"),
            "a C2B confirmation with a masked number": (parsers.reads_a_masked_number, "counts_payers"),
            "a C2B confirmation with empty names": (parsers.reads_empty_names, "wants_names"),
            "a C2B confirmation with an amount as text": (
                parsers.reads_a_textual_sum,
                "wants_whole_shillings",
            ),
        },
    ),
    **_cases(
        our_credential_of,
        {
            "a certificate is read as PEM and as DER": (
                parsers.reads_every_certificate,
                "credential_of_pem credential_of_der",
            ),
        },
    ),
}
