"""Ways in which the book could go wrong, and what must be said of each; ids are of `a_lively_school`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Corruption:
    """sql: what goes wrong. says: what must be said. now: when it is looked at."""

    name: str
    sql: str
    says: str
    after: timedelta = timedelta(seconds=10)


CORRUPTIONS = [
    Corruption(
        "a line that is down and that nobody tries",
        "SELECT 1",
        "The M-PESA line is down, and was to be tried at 2026-11-22 09:00:00+00:00 UTC.",
        timedelta(minutes=16),
    ),
    Corruption(
        "a parent whom nobody calls back",
        "UPDATE mpesa_lines SET state = 'working', trial_at = NULL",
        "was held back, and nobody says that the line works again.",
        timedelta(minutes=61),
    ),
    Corruption(
        "a payment held back and not noted",
        "UPDATE payments SET cause = 'line_down' WHERE id = 6; DELETE FROM held_back",
        "Payment 6 was held back, and its payer will not hear of it.",
    ),
    Corruption(
        "a call back without a message",
        "UPDATE held_back SET state = 'told'",
        "Row 1 of who was held back counts as told, but has no message.",
    ),
    Corruption(
        "a call back to somebody else",
        "UPDATE held_back SET outbox_id = (SELECT min(id) FROM outbox_messages WHERE chat_id <> held_back.chat_id)",
        "to another chat.",
    ),
    Corruption(
        "a prompt that left though it was held back",
        "UPDATE held_back SET payment_id = 4",
        "Payment 4 was sent though it was held back.",
    ),
    Corruption(
        "a ringing phone that is not held",
        "UPDATE payments SET holds_phone = NULL WHERE id = 4",
        "Payment 4 may ring, but does not hold its phone.",
    ),
    Corruption(
        "a phone held for another number",
        "UPDATE payments SET holds_phone = 'x' WHERE id = 4",
        "Payment 4 may ring, but does not hold its phone.",
    ),
    Corruption(
        "two prompts on one phone",
        "UPDATE payments SET phone_hash = (SELECT phone_hash FROM payments WHERE id = 4), "
        "holds_phone = NULL WHERE id = 3",
        "Payments 3 and 4 asked the same phone at the same time.",
    ),
    Corruption(
        "a status set past the door",
        "UPDATE payments SET status = 'failed', holds_phone = NULL WHERE id = 4",
        "Payment 4 is failed, but its history ends at requested.",
    ),
    Corruption(
        "a lost history",
        "DELETE FROM payment_events WHERE payment_id = 4",
        "Payment 4 is requested, but its history ends at None.",
    ),
    Corruption(
        "an event that is no edge",
        "INSERT INTO payment_events (school_id, payment_id, event, from_status, to_status, because, at) "
        "VALUES (1, 1, 'made up', 'paid', 'failed', '{}', '2026-11-22 09:00:00.000000')",
        "Payment 1 has the event made up, which does not follow.",
    ),
    Corruption(
        "a gap in a history",
        "DELETE FROM payment_events WHERE payment_id = 5 AND event = 'claimed'",
        "Payment 5 has the event refused, which does not follow.",
    ),
    Corruption(
        "a failure nobody was told of",
        "DELETE FROM outbox_messages WHERE dedupe_key = 'payment:5:refused'",
        "Payment 5 has the event refused, but nobody was told.",
    ),
    Corruption(
        "a success nobody was told of",
        "DELETE FROM outbox_messages WHERE dedupe_key = 'payment:1:paid'",
        "Payment 1 has the event paid, but nobody was told.",
    ),
    Corruption(
        "a claim past its lease",
        "SELECT 1",
        "Payment 3 is being sent since 2026-11-22 09:00:00+00:00 UTC and its lease is over.",
        timedelta(minutes=5),
    ),
    Corruption(
        "a claim without a lease",
        "UPDATE payments SET lease_until = NULL WHERE id = 3",
        "Payment 3 is being sent since 2026-11-22 09:00:00+00:00 UTC and its lease is over.",
    ),
    Corruption(
        "a queue nobody serves",
        "SELECT 1",
        "Payment 2 waits in the queue since 2026-11-22 09:00:00+00:00 UTC.",
        timedelta(minutes=16),
    ),
    Corruption(
        "an open payment nobody asks about",
        "UPDATE payments SET check_at = NULL WHERE id = 4",
        "Payment 4 is open, and nobody will ask about it.",
    ),
    Corruption(
        "an expired payment nobody looks at",
        "UPDATE payment_concerns SET ended_at = since WHERE payment_id = 7",
        "Payment 7 expired, and no person was asked to look.",
    ),
    Corruption(
        "a paid payment without a receipt",
        "UPDATE receipts SET payment_id = NULL WHERE payment_id = 1",
        "Payment 1 is paid, but owns no receipt.",
    ),
    Corruption(
        "a receipt of a payment that is not paid",
        "UPDATE receipts SET payment_id = 5 WHERE payment_id = 1",
        "Receipt 1 belongs to payment 5, which is failed.",
    ),
    Corruption(
        "a receipt for another child",
        "UPDATE receipts SET student_id = 2 WHERE id = 1",
        "Receipt 1 is for another child than its payment 1.",
    ),
    Corruption(
        "a posting that does not balance",
        "UPDATE ledger_lines SET amount_cents = amount_cents + 7 "
        "WHERE account = 'opening' AND student_id = 1",
        "Posting 1 does not balance: it is out by 7 cents.",
    ),
    Corruption(
        "a posting without lines",
        "INSERT INTO ledger_entries (school_id, kind, ref, at) "
        "VALUES (1, 'empty', '1', '2026-11-22 09:00:00.000000')",
        "does not balance: it is out by 0 cents.",
    ),
    Corruption(
        "a receipt that was never posted",
        "DELETE FROM ledger_lines WHERE entry_id IN "
        "(SELECT id FROM ledger_entries WHERE kind = 'receipt' AND ref = '1')",
        "Receipt 1 is of 150000 cents, but 0 are posted to M-PESA.",
    ),
    Corruption(
        "a receipt of another amount than posted",
        "UPDATE receipts SET amount_cents = amount_cents + 1 WHERE id = 1",
        "Receipt 1 is of 150001 cents, but 150000 are credited.",
    ),
    Corruption(
        "suspense money credited to nobody",
        "UPDATE ledger_lines SET account = 'mpesa' WHERE account = 'suspense'",
        "Receipt 2 is of 150000 cents, but 0 are credited.",
    ),
    Corruption(
        "a posting of no receipt",
        "UPDATE ledger_entries SET ref = '404' WHERE kind = 'receipt' AND ref = '1'",
        "is of receipt 404, which there is not.",
    ),
    Corruption(
        "a balance nobody can explain",
        "UPDATE ledger_lines SET student_id = 2 "
        "WHERE account = 'fees' AND student_id = 1 AND amount_cents > 0",
        "Child 1 owes -150000 cents, but opening and receipts make 1350000.",
    ),
    Corruption(
        "a message that is stuck",
        "SELECT 1",
        "waits since it was due at 2026-11-22 09:00:00+00:00 UTC.",
        timedelta(minutes=11),
    ),
    Corruption(
        "two messages at once in a chat",
        "UPDATE outbox_messages SET state = 'leased', lease_until = '2026-11-22 09:05:00.000000' "
        "WHERE chat_id = 1",
        "Chat 1 has 3 messages being sent at once.",
    ),
    Corruption(
        "a question that nobody will ask",
        "UPDATE questions SET ask_at = NULL",
        "Question 1 about payment 4 is waiting, and its time says otherwise.",
    ),
    Corruption(
        "a question that is asked after its end",
        "UPDATE questions SET state = 'answered'",
        "Question 1 about payment 4 is answered, and its time says otherwise.",
    ),
    Corruption(
        "a number that was confirmed and is nowhere",
        "UPDATE questions SET state = 'answered', ask_at = NULL, answered_at = created_at, outcome = 'confirmed'",
        "Question 1 confirmed a number for payment 4, which has another, or none.",
    ),
    Corruption(
        "a reminder that was lost",
        "INSERT INTO campaigns (id, school_id, intent_id, admin_chat_id, told, started_at) "
        "VALUES (1, 1, 'i', 1, '', '2026-11-22 09:00:00.000000'); "
        "INSERT INTO campaign_targets (id, school_id, campaign_id, guardian_id, student_id, chat_id, state) "
        "VALUES (5, 1, 1, 1, 1, 1, 'queued')",
        "Reminder target 5 counts as queued, but has no message.",
    ),
]
