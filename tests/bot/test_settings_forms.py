"""The forms of single settings: what M-PESA or Telegram would refuse later is refused at the start."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from bot.settings import load_settings
from tests.bot.settings_desk import GOOD, Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture
def good(desk: Desk) -> Desk:
    desk.env(**GOOD)
    return desk


@pytest.mark.parametrize(
    "left_behind",
    [
        "changeme",
        "CHANGE-ME",
        "<your key>",
        "xxxx",
        "XXXXXXXX",
        "your-consumer-key",
        "put it here",
        "${KEY}",
        "...",
    ],
)
def test_placeholders_are_refused(good: Desk, left_behind: str) -> None:
    good.env(DARAJA_CONSUMER_KEY=left_behind, SCHOOL_NAME=left_behind)
    named = [problem.split()[0] for problem in good.problems()]
    assert named == ["SCHOOL_NAME", "DARAJA_CONSUMER_KEY"]


@pytest.mark.parametrize("masked", ["****", "abcd****wxyz", "ab••••yz", "abcd…wxyz", "abcd...wxyz"])
def test_masked_secrets_are_refused(good: Desk, masked: str) -> None:
    good.env(DARAJA_CONSUMER_SECRET=masked)
    assert good.problems() == [
        "DARAJA_CONSUMER_SECRET was copied masked (it has dots or stars in it): copy the whole value again"
    ]


@pytest.mark.parametrize(
    "copied", ['"0123abcd"', "'0123abcd'", "0123\u200babcd", "\ufeff0123abcd", "0123äbcd"]
)
def test_keys_that_were_copied_with_more_than_a_key_are_refused(good: Desk, copied: str) -> None:
    good.env(DARAJA_PASSKEY=copied)
    assert good.problems() == [
        "DARAJA_PASSKEY has quotes around it or a letter that no key has: copy it again"
    ]


@pytest.mark.parametrize(
    "token",
    ["12345", "7000000001-" + "A" * 35, "7000000001:" + "A" * 34],
)
def test_what_is_no_bot_token_is_refused(good: Desk, token: str) -> None:
    good.env(TELEGRAM_BOT_TOKEN=token)
    assert [problem.split()[0] for problem in good.problems()] == ["TELEGRAM_BOT_TOKEN"]


@pytest.mark.parametrize("shortcode", ["1234", "12345678", "17437a", "174 379", "١٧٤٣٧٩"])
def test_a_shortcode_has_five_to_seven_digits(good: Desk, shortcode: str) -> None:
    good.env(DARAJA_SHORTCODE=shortcode)
    assert [problem.split()[0] for problem in good.problems()] == ["DARAJA_SHORTCODE"]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://karo.school.ac.ke", "https://karo.school.ac.ke"),
        ("https://school.ac.ke/karo/", "https://school.ac.ke/karo"),
        ("https://mpesa.school.ac.ke/karo", "https://mpesa.school.ac.ke/karo"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("", ""),
    ],
)
def test_a_public_url_that_mpesa_can_call_is_taken(good: Desk, url: str, kept: str) -> None:
    good.env(PUBLIC_URL=url)
    assert load_settings().public_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://karo.school.ac.ke",
        "ftp://karo.school.ac.ke",
        "karo.school.ac.ke",
        "https://Karo.school.ac.ke",
        "https://karo.school.ac.ke/a b",
        "https://karo.school.ac.ke/?x=1",
        "https://karo.school.ac.ke/#x",
        "https://me:pw@karo.school.ac.ke",
        "https://karo.school.ac.ke:port",
        "https://example.com",
        "https://karo.example.org/karo",
        *(
            f"https://karo.school.ac.ke/{word}"
            for word in ("mpesa", "Safaricom", "exe", "exec", "cmd", "mysql", "query")
        ),
    ],
)
def test_a_public_url_that_mpesa_would_refuse_is_a_problem(good: Desk, url: str) -> None:
    good.env(PUBLIC_URL=url)
    assert [problem.split()[0] for problem in good.problems()] == ["PUBLIC_URL"]


@pytest.mark.parametrize(
    ("name", "url", "taken"),
    [
        ("TELEGRAM_API_URL", "http://127.0.0.1:8081/", True),
        ("TELEGRAM_API_URL", "http://bot-api:8081", True),
        ("TELEGRAM_API_URL", "http://10.1.2.3:8081", True),
        ("TELEGRAM_API_URL", "http://api.telegram.org", False),
        ("DARAJA_API_URL", "http://127.0.0.1:9090", True),
        ("DARAJA_API_URL", "http://simulator:9090", False),
        ("DARAJA_API_URL", "https://sandbox.safaricom.co.ke", True),
    ],
)
def test_the_servers_we_call_speak_https_unless_they_are_near(
    good: Desk, name: str, url: str, taken: bool
) -> None:
    good.env(**{name: url})
    if taken:
        assert getattr(load_settings(), name.lower()) == url.rstrip("/")
    else:
        assert [problem.split()[0] for problem in good.problems()] == [name]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("sqlite:///school.db", "sqlite:///school.db"),
        ("sqlite:////var/lib/karo/school.db", "sqlite:////var/lib/karo/school.db"),
        ("sqlite+pysqlite:///school.db", "sqlite:///school.db"),
    ],
)
def test_an_sqlite_file_is_taken(good: Desk, url: str, kept: str) -> None:
    good.env(DATABASE_URL=url)
    assert load_settings("open").database_url == kept


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_becomes_one(good: Desk, scheme: str) -> None:
    good.env(DATABASE_URL=f"{scheme}://karo:hush@db/karo", KARO_SECRET_KEY="k" * 32)
    settings = load_settings()
    assert settings.database_url == "postgresql://karo:hush@db/karo"
    assert "hush" in settings.secrets()
    assert "hush" not in repr(settings)


def test_a_server_without_a_database_name_is_refused(good: Desk) -> None:
    good.env(DATABASE_URL="postgresql://karo:hush@db", KARO_SECRET_KEY="k" * 32)
    [problem] = good.problems()
    assert problem.startswith("DATABASE_URL must name a database")
    assert "hush" not in problem


def test_postgresql_wants_a_master_key(good: Desk) -> None:
    good.env(DATABASE_URL="postgresql://karo@db/karo")
    [problem] = good.problems()
    assert problem.startswith("KARO_SECRET_KEY is missing")


@pytest.mark.parametrize(
    "url", ["karo.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://db/karo"]
)
def test_a_database_that_is_no_file_is_refused(good: Desk, url: str) -> None:
    good.env(DATABASE_URL=url)
    assert [problem.split()[0] for problem in good.problems()] == ["DATABASE_URL"]


def test_several_master_keys_are_given_while_they_are_rotated(good: Desk) -> None:
    good.env(KARO_SECRET_KEY=f"{'n' * 43}, {'o' * 43}")
    assert load_settings().secret_keys == ("n" * 43, "o" * 43)


def test_a_short_master_key_is_refused(good: Desk) -> None:
    good.env(KARO_SECRET_KEY=f"{'n' * 43},short")
    assert [problem.split()[0] for problem in good.problems()] == ["KARO_SECRET_KEY"]


def test_networks_are_parsed(good: Desk) -> None:
    good.env(DARAJA_CALLBACK_IPS="196.201.214.0/24, 196.201.213.114", TRUSTED_PROXIES="::1")
    settings = load_settings()
    assert settings.daraja_callback_ips == (ip_network("196.201.214.0/24"), ip_network("196.201.213.114"))
    assert settings.trusted_proxies == (ip_network("::1"),)


@pytest.mark.parametrize("name", ["DARAJA_CALLBACK_IPS", "TRUSTED_PROXIES"])
def test_what_is_no_network_is_a_problem(good: Desk, name: str) -> None:
    good.env(**{name: "10.0.0.1, *"})
    assert [problem.split()[0] for problem in good.problems()] == [name]
