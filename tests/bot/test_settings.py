"""Settings: where they come from, what is refused, and that every problem is said at once."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import SANDBOX_PASSKEY, SANDBOX_SHORTCODE, Settings, SettingsError, load_settings

GOOD = {
    "SCHOOL_NAME": "Mwangaza Primary",
    "SCHOOL_CONTACT": "the office, room 2",
    "TELEGRAM_BOT_TOKEN": "7000000001:" + "Ab3_-" * 7,
    "DARAJA_CONSUMER_KEY": "k" * 48,
    "DARAJA_CONSUMER_SECRET": "s" * 64,
    "DARAJA_SHORTCODE": SANDBOX_SHORTCODE,
    "DARAJA_PASSKEY": SANDBOX_PASSKEY,
}


class Desk:
    """A folder with a `.env` file, and an environment that holds no setting of ours but those given here."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = patch
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
            patch.delenv(f"{name.upper()}_FILE", raising=False)
        patch.chdir(folder)

    def env(self, **values: str) -> None:
        for name, value in values.items():
            self._patch.setenv(name, value)

    def dotenv(self, text: str) -> None:
        (self.folder / ".env").write_text(text, encoding="utf-8")

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def problems(self) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load_settings()
        return caught.value.problems


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture
def good(desk: Desk) -> Desk:
    desk.env(**GOOD)
    return desk


def test_a_complete_environment_runs_with_the_documented_defaults(good: Desk) -> None:
    settings = load_settings()
    assert settings.database_url == "sqlite:///karo.db"
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert (settings.host, settings.port, settings.log_level) == ("127.0.0.1", 8080, "INFO")
    assert settings.daraja_transaction_type == "CustomerPayBillOnline"
    assert settings.party_b == SANDBOX_SHORTCODE
    assert settings.sandbox
    assert settings.public_url == ""
    assert settings.secret_keys is None


def test_everything_missing_is_said_at_once(desk: Desk) -> None:
    named = {problem.split()[0] for problem in desk.problems()}
    assert named == set(GOOD)


def test_the_message_is_readable_and_names_each_setting_on_its_line(desk: Desk) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    text = str(caught.value)
    assert text.startswith("7 settings need attention")
    assert "\n  - TELEGRAM_BOT_TOKEN is missing: BotFather gives it\n" in text


def test_missing_and_malformed_settings_are_said_together(good: Desk) -> None:
    good.env(PORT="eighty", SCHOOL_NAME="", PUBLIC_URL="http://karo.school.ke", LOG_LEVEL="chatty")
    named = {problem.split()[0] for problem in good.problems()}
    assert named == {"PORT", "SCHOOL_NAME", "PUBLIC_URL", "LOG_LEVEL"}


def test_settings_are_frozen(good: Desk) -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        setattr(settings, "school_name", "another")  # noqa: B010  the type checker refuses it too


def test_a_dotenv_file_is_read_and_the_environment_outranks_it(good: Desk) -> None:
    good.dotenv("PORT=9000\nLOG_LEVEL=debug\nUNKNOWN_TO_US=1\n")
    good.env(PORT="9100")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (9100, "DEBUG")


def test_a_dotenv_file_that_is_no_text_is_a_problem(good: Desk) -> None:
    (good.folder / ".env").write_bytes(b"SCHOOL_NAME=\xff\xfe\xfa")
    assert good.problems() == [".env cannot be read: save it as UTF-8 text"]


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "DARAJA_PASSKEY", "SCHOOL_NAME"])
def test_a_setting_may_come_from_a_file(good: Desk, name: str) -> None:
    good.env(**{name: "", f"{name}_FILE": good.file("value", f"  {GOOD[name]}\n")})
    value = getattr(load_settings(), name.lower())
    assert GOOD[name] == (value if isinstance(value, str) else value.get_secret_value())


def test_a_dotenv_file_may_name_a_file_too(good: Desk) -> None:
    good.dotenv(f"SCHOOL_CONTACT_FILE={good.file('contact', 'the gate')}\n")
    good.env(SCHOOL_CONTACT="")
    assert load_settings().school_contact == "the gate"


def test_every_setting_may_come_from_a_file(good: Desk) -> None:
    for name, value in GOOD.items():
        good.env(**{name: "", f"{name}_FILE": good.file(name, value)})
    good.env(PORT_FILE=good.file("port", "9200"), TRUSTED_PROXIES_FILE=good.file("proxies", "10.0.0.1"))
    settings = load_settings()
    assert settings.port == 9200
    assert settings.trusted_proxies == (ip_network("10.0.0.1/32"),)


def test_a_named_file_that_is_not_there_or_empty_is_a_problem(good: Desk) -> None:
    good.env(SCHOOL_NAME="", SCHOOL_NAME_FILE=str(good.folder / "nowhere"))
    good.env(DARAJA_PASSKEY="", DARAJA_PASSKEY_FILE=good.file("empty", "\n"))
    assert good.problems() == [
        "SCHOOL_NAME cannot be read: SCHOOL_NAME_FILE names no file with text in it",
        "DARAJA_PASSKEY cannot be read: DARAJA_PASSKEY_FILE names no file with text in it",
    ]


def test_a_value_and_its_file_together_are_a_problem(good: Desk) -> None:
    good.env(DARAJA_PASSKEY_FILE=good.file("passkey", "p" * 64))
    assert good.problems() == ["DARAJA_PASSKEY is given twice, as itself and as DARAJA_PASSKEY_FILE"]


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


def test_production_refuses_what_belongs_to_the_sandbox(good: Desk) -> None:
    good.env(DARAJA_ENVIRONMENT="Production")
    assert good.problems() == [
        "DARAJA_SHORTCODE is the sandbox's, but DARAJA_ENVIRONMENT is production",
        "DARAJA_PASSKEY is the sandbox's, but DARAJA_ENVIRONMENT is production",
    ]


def test_production_runs_with_its_own_numbers(good: Desk) -> None:
    good.env(DARAJA_ENVIRONMENT="production", DARAJA_SHORTCODE="600000", DARAJA_PASSKEY="p" * 64)
    assert not load_settings().sandbox


def test_a_till_needs_its_number(good: Desk) -> None:
    good.env(DARAJA_TRANSACTION_TYPE="CustomerBuyGoodsOnline")
    assert [problem.split()[0] for problem in good.problems()] == ["DARAJA_PARTY_B"]
    good.env(DARAJA_PARTY_B="5123456")
    assert load_settings().party_b == "5123456"


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
def test_postgresql_is_refused_in_a_sentence(good: Desk, scheme: str) -> None:
    good.env(DATABASE_URL=f"{scheme}://karo:hush@db/karo")
    [problem] = good.problems()
    assert "several-process edition" in problem
    assert "hush" not in problem


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


def test_database_commands_need_only_the_database(desk: Desk) -> None:
    desk.env(DATABASE_URL="sqlite:///school.db", PORT="eighty", TELEGRAM_BOT_TOKEN="changeme")
    settings = load_settings("open")
    assert settings.database_url == "sqlite:///school.db"
    assert settings.port == 8080
    assert not settings.telegram_bot_token


def test_database_commands_still_refuse_a_wrong_database_and_say_only_that(desk: Desk) -> None:
    desk.env(DATABASE_URL="mysql://db/karo", PORT="eighty")
    with pytest.raises(SettingsError) as caught:
        load_settings("open")
    assert [problem.split()[0] for problem in caught.value.problems] == ["DATABASE_URL"]


def test_no_representation_and_no_problem_shows_a_secret(good: Desk) -> None:
    settings = load_settings()
    shown = repr(settings) + str(settings)
    for name in ("TELEGRAM_BOT_TOKEN", "DARAJA_CONSUMER_KEY", "DARAJA_CONSUMER_SECRET", "DARAJA_PASSKEY"):
        assert GOOD[name] not in shown
    good.env(TELEGRAM_BOT_TOKEN="hush-this-is-mine", DARAJA_PASSKEY="hush hush", PORT="hush")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_secrets_are_told_to_the_mask_over_the_logs(good: Desk) -> None:
    good.env(KARO_SECRET_KEY=f"{'n' * 43},{'o' * 43}")
    known = set(load_settings().secrets())
    names = ("TELEGRAM_BOT_TOKEN", "DARAJA_CONSUMER_KEY", "DARAJA_CONSUMER_SECRET", "DARAJA_PASSKEY")
    assert {GOOD[name] for name in names} | {"n" * 43, "o" * 43} <= known
