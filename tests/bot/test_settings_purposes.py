"""What `karo run`, `karo web` and `karo worker` each want, and what each takes for granted."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from bot.settings import Purpose, SettingsError, load_settings
from tests.bot.settings_desk import GOOD, Desk

SEVERAL: tuple[Purpose, ...] = ("web", "worker")
SERVER = {"DATABASE_URL": "postgresql://karo@db/karo", "KARO_SECRET_KEY": "k" * 32}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Everything that a school needs, and nothing of a server."""
    desk = Desk(tmp_path, monkeypatch)
    desk.env(**GOOD)
    return desk


def problems(purpose: Purpose) -> list[str]:
    """What is wrong with the settings for that purpose."""
    with pytest.raises(SettingsError) as caught:
        load_settings(purpose)
    return caught.value.problems


@pytest.mark.parametrize("purpose", SEVERAL)
def test_sqlite_is_refused_in_a_sentence_where_several_processes_run(desk: Desk, purpose: Purpose) -> None:
    desk.env(PUBLIC_URL="https://fees.school.ke")
    [problem] = problems(purpose)
    assert problem.startswith("DATABASE_URL names an SQLite file")
    assert "karo run" in problem


@pytest.mark.parametrize("purpose", SEVERAL)
def test_they_want_all_that_run_wants(desk: Desk, purpose: Purpose) -> None:
    desk.env(**SERVER, SCHOOL_NAME="", DARAJA_PASSKEY="", PUBLIC_URL="https://fees.school.ke")
    assert [line.split()[0] for line in problems(purpose)] == ["SCHOOL_NAME", "DARAJA_PASSKEY"]


def test_run_polls_on_this_machine(desk: Desk) -> None:
    settings = load_settings("run")
    assert (settings.telegram_updates, settings.host) == ("polling", "127.0.0.1")


def test_web_takes_a_webhook_on_every_address(desk: Desk) -> None:
    desk.env(**SERVER, PUBLIC_URL="https://fees.school.ke")
    settings = load_settings("web")
    assert (settings.telegram_updates, settings.host) == ("webhook", "0.0.0.0")
    assert load_settings("worker").telegram_updates == "webhook"


@pytest.mark.parametrize("purpose", SEVERAL)
def test_a_webhook_without_a_public_address_is_refused(desk: Desk, purpose: Purpose) -> None:
    desk.env(**SERVER)
    [problem] = problems(purpose)
    assert problem.startswith("TELEGRAM_UPDATES is webhook, which needs PUBLIC_URL")
    desk.env(TELEGRAM_UPDATES="Polling")
    assert load_settings(purpose).telegram_updates == "polling"


def test_a_webhook_is_possible_in_one_process_too(desk: Desk) -> None:
    desk.env(PUBLIC_URL="https://fees.school.ke", TELEGRAM_UPDATES="webhook")
    assert load_settings("run").telegram_updates == "webhook"


@pytest.mark.parametrize("secret", ["short", "with blanks in it, and long", "x" * 257])
def test_a_webhook_secret_that_telegram_would_refuse_is_refused(desk: Desk, secret: str) -> None:
    desk.env(TELEGRAM_WEBHOOK_SECRET=secret)
    [problem] = problems("run")
    assert problem.startswith("TELEGRAM_WEBHOOK_SECRET")
    assert secret not in problem


def test_the_metrics_are_for_this_machine_unless_others_are_named(desk: Desk) -> None:
    assert load_settings().metrics_ips == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    desk.env(METRICS_IPS="10.1.0.0/16")
    assert load_settings().metrics_ips == (ip_network("10.1.0.0/16"),)
