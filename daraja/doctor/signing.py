"""Stage `credential`: the operator's certificate and password, as far as they can be judged from here. No call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daraja.credential import CertificateFacts, Operator, certificate_facts, password_warnings
from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Evidence, Finding, Verdict
from daraja.doctor.subject import Subject
from daraja.doctor.visit import skipped
from daraja.errors import BadRequest

STAGE: Final = "credential"
_ONLY_FOR: Final = "no operator is set; only status queries and reversals need one"
_REAL_QUERY: Final = (
    "That the operator's password is right and less than 90 days old: only a real query shows that."
)


def look(subject: Subject) -> Iterator[Finding]:
    """The certificate, its time and environment; whether the password can be encrypted with it."""
    if subject.operator is None:
        yield skipped(STAGE, "certificate", _ONLY_FOR)
        return
    try:
        facts = certificate_facts(subject.operator.certificate)
        subject.operator.security_credential()
    except BadRequest as error:
        yield _bad("certificate", f"No SecurityCredential can be made: the {error.field} {error.reason}.")
        return
    yield _readable(facts)
    if facts.expired(subject.clock()):
        yield _expired(facts)
    yield _environment(subject, facts)
    yield from _password(subject.operator)


def _readable(facts: CertificateFacts) -> Finding:
    return Finding(
        STAGE,
        "certificate",
        Verdict.GOOD,
        f"The certificate can be read: an RSA key of {facts.key_bits} bits, "
        f"good from {facts.not_before:%Y-%m-%d} to {facts.not_after:%Y-%m-%d}.",
        proves="A SecurityCredential can be made with it.",
        leaves_open=_REAL_QUERY,
    )


def _expired(facts: CertificateFacts) -> Finding:
    return Finding(
        STAGE,
        "certificate_end",
        Verdict.WARNING,
        f"The certificate's time was over on {facts.not_after:%Y-%m-%d}.",
        proves="It is an old one; only its key is used, so that it may work all the same.",
        leaves_open="Whether M-PESA still has the key that belongs to it.",
        fix="Get the present certificate of this environment from the portal, and set DARAJA_CERTIFICATE.",
        evidence=Evidence.REPORTED,
    )


def _environment(subject: Subject, facts: CertificateFacts) -> Finding:
    if facts.environment == "unknown":
        return Finding(
            STAGE,
            "environment",
            Verdict.UNKNOWN,
            "The certificate does not say for which environment it is.",
            leaves_open="Whether it is that of "
            + subject.environment
            + ": a real query answers 2001 if not.",
            evidence=Evidence.DERIVED,
        )
    if facts.environment != subject.environment:
        return _bad(
            "environment",
            f"The certificate is that of {facts.environment}, but this is {subject.environment}.",
        )
    return Finding(
        STAGE,
        "environment",
        Verdict.GOOD,
        f"The certificate is that of {facts.environment}.",
        proves="Its name says so.",
        leaves_open="Whether M-PESA has replaced it since.",
        evidence=Evidence.DERIVED,
    )


def _password(operator: Operator) -> Iterator[Finding]:
    for number, warning in enumerate(password_warnings(operator.password)):
        yield Finding(
            STAGE,
            f"password_{number + 1}",
            Verdict.WARNING,
            f"About the operator's password: {warning}.",
            leaves_open="It may work all the same.",
            fix="Set another password for the operator in the org portal, and DARAJA_INITIATOR_PASSWORD.",
        )


def _bad(name: str, said: str) -> Finding:
    cause = CauseClass.CREDENTIAL
    return Finding(
        STAGE,
        name,
        Verdict.BAD,
        said,
        proves="Status queries and reversals will be refused.",
        leaves_open=cause.leaves_open,
        fix=cause.next_step,
    )
