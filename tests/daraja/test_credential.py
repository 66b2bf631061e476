"""SecurityCredential and the certificate behind it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from daraja import BadRequest, Operator, certificate_facts, password_warnings, read_certificate
from tests.daraja.operators import BEGAN, PASSWORD, certificate, opened, operator


@pytest.mark.parametrize("der", [False, True])
@pytest.mark.parametrize("password", [PASSWORD, "pässwörd!", " with blanks "])
def test_the_password_alone_is_encrypted_with_the_certificate(der: bool, password: str) -> None:
    made = operator(password, certificate(der=der))
    first, second = made.security_credential(), made.security_credential()
    assert opened(first) == opened(second) == password
    assert first != second  # the padding is random


def test_an_operator_shows_neither_password_nor_certificate() -> None:
    shown = repr(operator())
    assert "karo-operator" in shown
    assert PASSWORD not in shown
    assert "BEGIN" not in shown


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [("", PASSWORD, "initiator_name"), (" ", PASSWORD, "initiator_name"), ("ka***", PASSWORD, "initiator_name"),
     ("karo", "", "password"), ("karo", "  ", "password")],
)  # fmt: skip
def test_an_operator_without_name_or_password_is_none(name: str, password: str, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Operator(name, password, certificate())
    assert refused.value.field == field


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a certificate",
        b"-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PUBLIC KEY-----\nbm9uZQ==\n-----END PUBLIC KEY-----\n",
        certificate(der=True)[:-9],
        certificate(of="ec"),
    ],
)
def test_what_is_no_certificate_of_an_rsa_key_is_refused_by_its_name(content: bytes) -> None:
    for ask in (lambda: certificate_facts(content), operator(content=content).security_credential):
        with pytest.raises(BadRequest) as refused:
            ask()
        assert refused.value.field == "certificate"
        assert PASSWORD not in str(refused.value)


def test_a_password_longer_than_the_key_can_hold_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        operator("x" * 246).security_credential()
    assert refused.value.field == "password"
    assert opened(operator("x" * 245).security_credential()) == "x" * 245


def test_an_expired_certificate_says_when_and_still_encrypts() -> None:
    old = certificate(days=30)
    facts = certificate_facts(old)
    assert facts.not_after == BEGAN + timedelta(days=30)
    assert facts.expired(BEGAN + timedelta(days=31))
    assert not facts.expired(BEGAN + timedelta(days=29))
    assert opened(operator(content=old).security_credential()) == PASSWORD


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("apicrypt.safaricom.co.ke", "unknown"),
        ("sandbox.safaricom.co.ke", "sandbox"),
        ("Production API", "production"),
        ("production and sandbox", "unknown"),
    ],
)
def test_the_environment_is_told_only_where_the_names_say_it(name: str, environment: str) -> None:
    facts = certificate_facts(certificate(name))
    assert (facts.environment, facts.key_bits) == (environment, 2048)
    assert name in facts.subject


def test_a_certificate_is_given_as_a_path_or_as_text(tmp_path: Path) -> None:
    for name, content in {"it.cer": certificate(), "it.der": certificate(der=True)}.items():
        (tmp_path / name).write_bytes(content)
        assert read_certificate(f" {tmp_path / name}\n") == content
    one_line = certificate().decode().replace("\n", "\\n")
    for text in (certificate().decode(), one_line):
        assert certificate_facts(read_certificate(text)) == certificate_facts(certificate())


@pytest.mark.parametrize("setting", ["", "no/such/file.cer", ".", "a\0b", "~nobody-at-all/x"])
def test_a_certificate_that_cannot_be_found_is_refused_by_its_name(setting: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_certificate(setting)
    assert refused.value.field == "certificate"


def test_a_password_that_mpesa_advises_against_is_warned_of() -> None:
    assert password_warnings("plain-one") == ()
    assert len(password_warnings("a@b.c")) == 1
    assert len(password_warnings(" a@b ")) == 2
    assert "a@b.c" not in password_warnings("a@b.c")[0]
