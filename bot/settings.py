"""Every setting, from the environment, a `.env` file, or the file that NAME_FILE names; all problems at once.

`load_settings("run")`, "web" and "worker" want everything a school needs; `load_settings("open")`, for commands
that only look into the database, wants the database's settings alone and leaves out what is wrong with the
others; "webhook" wants those right, too, that say where Telegram brings updates.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.settings_files import NamedFiles, Unusable
from bot.settings_forms import (
    check_api_url,
    check_database_url,
    check_public_url,
    check_real,
    check_secret_keys,
    check_token,
    check_unmasked,
    check_webhook_secret,
    password_of,
)
from bot.settings_problems import SettingsError, in_words
from bot.settings_types import Digits, Networks, Secret, Text, form, near_api_url

__all__ = ["SANDBOX_PASSKEY", "SANDBOX_SHORTCODE", "Purpose", "Settings", "SettingsError", "load_settings"]

Purpose = Literal["run", "web", "worker", "open", "webhook"]
TransactionType = Literal["CustomerPayBillOnline", "CustomerBuyGoodsOnline"]

SANDBOX_SHORTCODE = "174379"  # this and its passkey are public: the Daraja portal shows them to everyone
SANDBOX_PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"

_REQUIRED_TO_RUN = {
    "school_name": "parents see it on every screen",
    "school_contact": "parents are told to turn there, such as a phone number of the office",
    "telegram_bot_token": "BotFather gives it",
    "daraja_consumer_key": "it is on your app's page in the Daraja portal",
    "daraja_consumer_secret": "it is on your app's page in the Daraja portal",
    "daraja_shortcode": "your PayBill or store number (174379 in the sandbox)",
    "daraja_passkey": "M-PESA sends it when you go live (the sandbox's is in the Daraja portal)",
}
_SERVING = frozenset({"run", "web", "worker"})
_SHARED = frozenset(
    {"web", "worker"}
)  # several processes: they want a server, and a key that all of them know
_HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_OF_THE_DATABASE = {"database_url", "karo_secret_key", "log_level"}
_OF_THE_WEBHOOK = {
    *("telegram_bot_token", "telegram_api_url", "telegram_updates", "telegram_webhook_secret", "public_url"),
    *_OF_THE_DATABASE,
}


class Settings(BaseSettings):
    """What one process is told at its start. Frozen; secrets are SecretStr; empty text means not given."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        env_file_encoding="utf-8",
        hide_input_in_errors=True,
    )

    purpose: Purpose = "run"
    database_url: Annotated[str, form(check_database_url), Field(repr=False)] = "sqlite:///karo.db"
    karo_secret_key: Annotated[SecretStr, form(check_real, check_secret_keys)] = SecretStr("")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], form(str.upper)] = "INFO"
    school_name: Text = ""
    school_contact: Text = ""
    telegram_bot_token: Annotated[SecretStr, form(check_real, check_unmasked, check_token)] = SecretStr("")
    telegram_api_url: Annotated[str, form(near_api_url)] = "https://api.telegram.org"
    public_url: Annotated[str, form(check_real, check_public_url)] = ""
    telegram_updates: Annotated[Literal["", "polling", "webhook"], form(str.lower)] = ""
    telegram_webhook_secret: Annotated[SecretStr, form(check_real, check_webhook_secret)] = SecretStr("")
    host: Text = ""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    daraja_environment: Annotated[Literal["sandbox", "production"], form(str.lower)] = "sandbox"
    daraja_api_url: Annotated[str, form(check_api_url)] = ""
    daraja_consumer_key: Secret = SecretStr("")
    daraja_consumer_secret: Secret = SecretStr("")
    daraja_shortcode: Digits = ""
    daraja_passkey: Secret = SecretStr("")
    daraja_transaction_type: Literal["CustomerPayBillOnline", "CustomerBuyGoodsOnline"] = (
        "CustomerPayBillOnline"
    )
    daraja_party_b: Digits = ""
    daraja_callback_ips: Networks = ()
    trusted_proxies: Networks = ()
    metrics_ips: Networks = _HERE

    @property
    def secret_keys(self) -> tuple[str, ...] | None:
        """The master keys, the present one first; None: the key file beside the SQLite file."""
        given = self.karo_secret_key.get_secret_value()
        return tuple(key.strip() for key in given.split(",")) if given else None

    @property
    def on_a_server(self) -> bool:
        """Whether the database is PostgreSQL, so that several processes may run."""
        return self.database_url.startswith("postgresql")

    @property
    def party_b(self) -> str:
        """Who receives the money: the till when one is named, else the shortcode."""
        return self.daraja_party_b or self.daraja_shortcode

    @property
    def sandbox(self) -> bool:
        """Whether Daraja's sandbox is meant: nothing paid there reaches the school."""
        return self.daraja_environment == "sandbox"

    def secrets(self) -> tuple[str, ...]:
        """Every secret that was given: for the mask over the logs, and nothing else."""
        given = (value.get_secret_value() for _, value in self if isinstance(value, SecretStr) and value)
        return tuple(filter(None, (*given, *(self.secret_keys or ()), password_of(self.database_url))))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the library hands it over
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before `.env`; in each, NAME_FILE stands for NAME."""
        return (
            init_settings,
            NamedFiles(settings_cls, env_settings),
            env_settings,
            NamedFiles(settings_cls, dotenv_settings),
            dotenv_settings,
        )

    @field_validator(*_REQUIRED_TO_RUN, mode="before")
    @classmethod
    def _is_given(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("purpose") in _SERVING and _is_empty(value):
            raise ValueError(f"is missing: {_REQUIRED_TO_RUN[info.field_name or '']}")
        return value

    @field_validator("database_url")
    @classmethod
    def _a_server_for_several(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("purpose") in _SHARED and value.startswith("sqlite"):
            raise ValueError(
                "names an SQLite file, which one process alone may run on: use `karo run`, "
                "or a PostgreSQL database for `karo web` and `karo worker`"
            )
        return value

    @field_validator("karo_secret_key", mode="before")
    @classmethod
    def _key_for_a_server(cls, value: Any, info: ValidationInfo) -> Any:
        on_a_server = str(info.data.get("database_url", "")).startswith("postgresql")
        if on_a_server and _is_empty(value):
            raise ValueError("is missing: PostgreSQL has no key file beside it (32 characters or more)")
        return value

    @field_validator("telegram_updates")
    @classmethod
    def _updates_can_come(cls, value: str, info: ValidationInfo) -> str:
        purpose = info.data.get("purpose")
        if purpose not in _SERVING:
            return value
        chosen = value or ("webhook" if purpose in _SHARED else "polling")
        if chosen == "webhook" and not info.data.get("public_url", "?"):
            raise ValueError("is webhook, which needs PUBLIC_URL: set that, or TELEGRAM_UPDATES=polling")
        return chosen

    @field_validator("host")
    @classmethod
    def _host_of_the_door(cls, value: str, info: ValidationInfo) -> str:
        return value or ("0.0.0.0" if info.data.get("purpose") == "web" else "127.0.0.1")  # noqa: S104

    @field_validator("*", mode="before")
    @classmethod
    def _could_be_read(cls, value: Any) -> Any:
        if isinstance(value, Unusable):
            raise ValueError(value.reason)
        return value

    @field_validator("daraja_shortcode")
    @classmethod
    def _no_sandbox_shortcode(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("daraja_environment") == "production" and value == SANDBOX_SHORTCODE:
            raise ValueError("is the sandbox's, but DARAJA_ENVIRONMENT is production")
        return value

    @field_validator("daraja_passkey")
    @classmethod
    def _no_sandbox_passkey(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        production = info.data.get("daraja_environment") == "production"
        if production and value.get_secret_value() == SANDBOX_PASSKEY:
            raise ValueError("is the sandbox's, but DARAJA_ENVIRONMENT is production")
        return value

    @field_validator("daraja_party_b")
    @classmethod
    def _till_is_named(cls, value: str, info: ValidationInfo) -> str:
        till = info.data.get("daraja_transaction_type") == "CustomerBuyGoodsOnline"
        if info.data.get("purpose") in _SERVING and till and not value:
            raise ValueError("is missing: the till number, because DARAJA_TRANSACTION_TYPE is for a till")
        return value


def load_settings(purpose: Purpose = "run", *, env_file: str | Path | None = ".env") -> Settings:
    """The settings, fit for the purpose. Raises SettingsError with all problems."""
    try:
        return _build(purpose, env_file, {})
    except ValidationError as error:
        problems = {str(detail["loc"][0]): in_words(detail) for detail in error.errors()}
    except UnicodeDecodeError:
        raise SettingsError([f"{env_file} cannot be read: save it as UTF-8 text"]) from None
    wanted = _OF_THE_WEBHOOK if purpose == "webhook" else _OF_THE_DATABASE
    hindering = [line for name, line in problems.items() if purpose in _SERVING or name in wanted]
    if hindering:
        raise SettingsError(hindering)
    return _build(purpose, env_file, {name: Settings.model_fields[name].default for name in problems})


def _build(purpose: Purpose, env_file: str | Path | None, instead: Mapping[str, Any]) -> Settings:
    return Settings(_env_file=env_file, purpose=purpose, **instead)


def _is_empty(value: Any) -> bool:
    return not (value.get_secret_value() if isinstance(value, SecretStr) else value)
