"""One examination from end to end: every neighbour well, each of them in trouble, and all that may be missing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.wiring import make_examiner, open_for, the_school, utc_now
from bot.wiring.parts import make_token_store
from daraja.doctor import CauseClass, Verdict
from daraja.simulator import Cause
from tests.bot.services.examining import Ward, by_name, ward


@pytest.fixture
async def well(tmp_path: Path) -> AsyncIterator[Ward]:
    """Everybody well."""
    async with ward(tmp_path) as stage:
        yield stage


async def test_all_is_well(well: Ward) -> None:
    await well.lives(callback_at=utc_now())
    done = await well.examine()
    assert (done.diagnosis.cause, done.well) == (CauseClass.WELL, True)
    found = by_name(done)
    for key in (
        ("settings", "forms"),
        ("database", "opens"),
        ("database", "running"),
        ("telegram", "me"),
        ("telegram", "webhook"),
        ("products", "stk"),
        ("callback", "reach"),
        ("callback", "last_call"),
    ):
        assert found[key].verdict is Verdict.GOOD, found[key]
    assert {push.answered for push in well.mpesa.pushes} == {"400.002.02"}
    assert well.mpesa.books.movements == []


async def test_findings_are_shown_as_they_are_made_in_the_order_of_the_stages(well: Ward) -> None:
    heard: list[str] = []
    stages: list[str] = []
    examiner = make_examiner(well.settings, {})
    done = await examiner.run(lambda finding: heard.append(finding.stage), on_stage=stages.append)
    assert stages == ["settings", "database", "telegram", "mpesa", "callback"]
    assert list(dict.fromkeys(heard))[:4] == ["settings", "database", "telegram", "network"]
    assert heard == [finding.stage for finding in done.findings]


@pytest.mark.parametrize(
    ("cause", "named"),
    [
        (Cause.STK_PRODUCT_MISSING, CauseClass.PRODUCT_OR_GO_LIVE),
        (Cause.OAUTH_400, CauseClass.WRONG_KEY_PAIR),
        (Cause.WRONG_PASSKEY, CauseClass.WRONG_PASSKEY),
        (Cause.FIREWALL, CauseClass.FIREWALL),
    ],
)
async def test_mpesas_trouble_is_named(well: Ward, cause: Cause, named: CauseClass) -> None:
    well.mpesa.play(cause)
    assert (await well.examine()).diagnosis.cause == named


async def test_settings_come_before_all_else(well: Ward) -> None:
    well.mpesa.play(Cause.OAUTH_400)
    well.set(public_url="")
    done = await well.examine({"public_url": "PUBLIC_URL has a blank in it"})
    assert done.diagnosis.cause == CauseClass.SETTINGS
    assert by_name(done)["callback", "reach"].verdict is Verdict.SKIPPED


async def test_without_a_passkey_the_rest_of_mpesa_is_still_asked(well: Ward) -> None:
    well.set(daraja_passkey=SecretStr(""))
    done = await well.examine({"daraja_passkey": "DARAJA_PASSKEY is missing"})
    found = by_name(done)
    assert found["products", "stk"].verdict is Verdict.GOOD
    assert [name for stage, name in found if stage == "passkey"] == ["asked"]
    assert "first put DARAJA_PASSKEY right" in found["passkey", "asked"].said


async def test_with_nothing_set_nothing_is_asked_and_nothing_raised(well: Ward) -> None:
    empty = dict.fromkeys(("daraja_consumer_key", "daraja_passkey", "telegram_bot_token"), SecretStr(""))
    well.set(**empty, database_url="sqlite:///nowhere.db", public_url="")
    done = await well.examine({name: f"{name.upper()} is missing" for name in empty})
    verdicts = {key: finding.verdict for key, finding in by_name(done).items() if key[0] != "settings"}
    assert set(verdicts.values()) == {Verdict.SKIPPED, Verdict.WARNING}
    assert verdicts["database", "opens"] is Verdict.WARNING
    assert done.diagnosis.cause == CauseClass.SETTINGS
    assert "nowhere.db" not in os.listdir()


async def test_a_database_that_cannot_be_opened(well: Ward, tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_text("no database, only a text that is long enough to look like one" * 20)
    well.set(database_url=f"sqlite:///{tmp_path / 'bad.db'}")
    done = await well.examine()
    assert done.diagnosis.cause == CauseClass.DATABASE
    assert by_name(done)["products", "stk"].verdict is Verdict.GOOD


async def test_the_wrong_key_of_a_database(well: Ward) -> None:
    well.set(karo_secret_key=SecretStr("another key that is long enough to be one"))
    finding = by_name(await well.examine())["database", "opens"]
    assert finding.verdict is Verdict.BAD
    assert "KARO_SECRET_KEY" in finding.fix


async def test_telegram_does_not_know_the_bot(well: Ward) -> None:
    well.set(telegram_bot_token=SecretStr("7000000009:" + "x" * 35))
    done = await well.examine()
    assert done.diagnosis.cause == CauseClass.TELEGRAM
    assert "does not know" in by_name(done)["telegram", "me"].said


async def test_telegram_is_down(well: Ward) -> None:
    well.set(telegram_api_url="http://127.0.0.1:9")
    done = await well.examine()
    assert by_name(done)["telegram", "reached"].verdict is Verdict.BAD
    assert by_name(done)["products", "stk"].verdict is Verdict.GOOD


async def test_mpesa_is_down(well: Ward) -> None:
    well.set(daraja_api_url="http://127.0.0.1:9")
    done = await well.examine()
    assert done.diagnosis.cause == CauseClass.NETWORK
    assert by_name(done)["callback", "reach"].verdict is Verdict.GOOD


async def test_a_stage_that_hangs_is_broken_off(well: Ward) -> None:
    well.api.fail_next("getMe", delay_s=30)
    done = await make_examiner(well.settings, {}, limits_s={"telegram": 0.2}).run()
    assert by_name(done)["telegram", "broken_off"].verdict is Verdict.UNKNOWN
    assert by_name(done)["products", "stk"].verdict is Verdict.GOOD


async def test_a_running_bots_token_is_replaced_not_killed(well: Ward) -> None:
    well.mpesa.play(Cause.MINT_INVALIDATES)
    assert (await well.examine()).well
    database = open_for(well.settings)
    school = await the_school(database, well.settings)
    token = await make_token_store(well.settings, database, school.id, "running").load()
    database.close()
    assert token is not None
    well.mpesa.daraja.tokens.check(token.value)


async def test_a_book_that_cannot_be_written_to_is_no_fault_of_mpesas(well: Ward) -> None:
    database = open_for(well.settings)
    full = "CREATE TRIGGER full BEFORE INSERT ON leases BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    await database.write(lambda unit: unit.core.exec_driver_sql(full) and None)
    database.close()
    assert by_name(await well.examine())["products", "stk"].verdict is Verdict.GOOD


async def test_two_who_ask_at_once_are_served_one_after_the_other(well: Ward) -> None:
    order: list[str] = []
    examiner = make_examiner(well.settings, {})
    await asyncio.gather(examiner.run(lambda _: order.append("a")), examiner.run(lambda _: order.append("b")))
    assert order == sorted(order)


async def test_a_secret_that_a_neighbour_quotes_is_hidden(well: Ward) -> None:
    key = well.settings.daraja_consumer_key.get_secret_value()
    well.api.fail_next("getWebhookInfo", status=400, description=f"what is {key}")
    done = await well.examine({"school_name": f"SCHOOL_NAME quotes {key}"})
    assert key not in f"{done.findings}"
    assert "SCHOOL_NAME quotes •••." in by_name(done)["settings", "school_name"].said


async def test_when_mpesa_last_called_is_said(well: Ward) -> None:
    assert "never called" in by_name(await well.examine())["callback", "last_call"].said
    await well.lives(callback_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    assert "20 Nov 2026, 12:00" in by_name(await well.examine())["callback", "last_call"].said
