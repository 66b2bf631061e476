"""The vault: what is sealed opens with the right key alone, and a hash finds it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.vault import Vault, VaultError, new_data_key, new_master_key, unwrap

VAULT = Vault(new_data_key())


@given(st.binary(max_size=2_000))
def test_what_is_sealed_opens_again(plain: bytes) -> None:
    sealed = VAULT.seal(plain)
    assert VAULT.open(sealed) == plain
    assert plain not in sealed or len(plain) < 4
    assert VAULT.seal(plain) != sealed


@given(st.text())
def test_text_comes_back_as_text(plain: str) -> None:
    assert VAULT.open_text(VAULT.seal(plain)) == plain


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, by: int) -> None:
    sealed = bytearray(VAULT.seal("254712345456"))
    sealed[at % len(sealed)] ^= by
    with pytest.raises(VaultError):
        VAULT.open(bytes(sealed))


@pytest.mark.parametrize("junk", [b"", b"\x01", b"\x01" + b"0" * 12])
def test_junk_does_not_open(junk: bytes) -> None:
    with pytest.raises(VaultError):
        VAULT.open(junk)


def test_another_data_key_opens_nothing_and_hashes_otherwise() -> None:
    other = Vault(new_data_key())
    with pytest.raises(VaultError):
        other.open(VAULT.seal("x"))
    assert other.hash("phone", "254712345456") != VAULT.hash("phone", "254712345456")


def test_a_hash_is_stable_and_differs_by_purpose() -> None:
    assert VAULT.hash("phone", "254712345456") == VAULT.hash("phone", b"254712345456")
    assert VAULT.hash("phone", "254712345456") != VAULT.hash("token", "254712345456")
    assert len(VAULT.hash("phone", "")) == 64


def test_any_of_several_master_keys_opens_the_data_key() -> None:
    old, new = new_master_key(), new_master_key()
    wrapped = VAULT.wrapped(old)
    by_the_old, was_old = unwrap(wrapped, [new, old])
    assert was_old
    assert by_the_old.hash("phone", "1") == VAULT.hash("phone", "1")
    _, was_old = unwrap(VAULT.wrapped(new), [new, old])
    assert not was_old
    with pytest.raises(VaultError):
        unwrap(wrapped, [new])


def test_a_short_master_key_is_refused_without_being_shown() -> None:
    with pytest.raises(VaultError) as refused:
        VAULT.wrapped("too-short")
    assert "too-short" not in str(refused.value)


def test_nothing_secret_in_its_repr() -> None:
    assert VAULT.data_key.hex() not in repr(VAULT)
    assert repr(VAULT.data_key) not in repr(VAULT)
