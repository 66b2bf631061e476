"""Every setting, from the environment, a `.env` file, or the file that NAME_FILE names; all problems at once.

`load_settings("run")` wants everything a school needs; `load_settings("open")`, for commands that only look
into the database, wants the database's settings alone and leaves out what is wrong with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.settings_files import NamedFiles, Unusable
from bot.settings_forms import (
    Network,
    check_api_url,
    check_database_url,
    check_digits,
    check_networks,
    check_public_url,
    check_real,
    check_secret_keys,
    check_token,
    check_unmasked,
)

Purpose = Literal["run", "open"]
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
_OF_THE_DATABASE = {"database_url", "karo_secret_key", "log_level"}


class SettingsError(Exception):
    """Something is wrong with the settings. problems: one plain line each, none holds a value."""

    def __init__(self, problems: list[str]) -> None:
        count = "1 setting needs" if len(problems) == 1 else f"{len(problems)} settings need"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{count} attention (environment, or the file .env):\n{lines}")
        self.problems = problems


def _form(*checks: Callable[[str], str]) -> BeforeValidator:
    """Strip a given text, then put it through the checks; what was not given passes."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return "" if isinstance(value, str) else value
        value = value.strip()
        for each in checks:
            value = each(value)
        return value

    return BeforeValidator(check)


def _near_api_url(value: str) -> str:
    return check_api_url(value, near_is_enough=True)


Text = Annotated[str, _form(check_real)]
Digits = Annotated[str, _form(check_real, check_unmasked, check_digits)]
Secret = Annotated[SecretStr, _form(check_real, check_unmasked)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(check_networks)]


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
    database_url: Annotated[str, _form(check_database_url)] = "sqlite:///karo.db"
    karo_secret_key: Annotated[SecretStr, _form(check_real, check_secret_keys)] = SecretStr("")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], _form(str.upper)] = "INFO"
    school_name: Text = ""
    school_contact: Text = ""
    telegram_bot_token: Annotated[SecretStr, _form(check_real, check_unmasked, check_token)] = SecretStr("")
    telegram_api_url: Annotated[str, _form(_near_api_url)] = "https://api.telegram.org"
    public_url: Annotated[str, _form(check_real, check_public_url)] = ""
    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    daraja_environment: Annotated[Literal["sandbox", "production"], _form(str.lower)] = "sandbox"
    daraja_api_url: Annotated[str, _form(check_api_url)] = ""
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

    @property
    def secret_keys(self) -> tuple[str, ...] | None:
        """The master keys, the present one first; None: the key file beside the SQLite file."""
        given = self.karo_secret_key.get_secret_value()
        return tuple(key.strip() for key in given.split(",")) if given else None

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
        return tuple(
            value.get_secret_value() for _, value in self if isinstance(value, SecretStr) and value
        ) + (self.secret_keys or ())

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
        empty = not (value.get_secret_value() if isinstance(value, SecretStr) else value)
        if info.data.get("purpose") == "run" and empty:
            raise ValueError(f"is missing: {_REQUIRED_TO_RUN[info.field_name or '']}")
        return value

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
        if info.data.get("purpose") == "run" and till and not value:
            raise ValueError("is missing: the till number, because DARAJA_TRANSACTION_TYPE is for a till")
        return value


def load_settings(purpose: Purpose = "run", *, env_file: str | Path | None = ".env") -> Settings:
    """The settings, fit for the purpose. Raises SettingsError with all problems."""
    try:
        return _build(purpose, env_file, {})
    except ValidationError as error:
        problems = {str(detail["loc"][0]): _in_words(detail) for detail in error.errors()}
    except UnicodeDecodeError:
        raise SettingsError([f"{env_file} cannot be read: save it as UTF-8 text"]) from None
    hindering = [line for name, line in problems.items() if purpose == "run" or name in _OF_THE_DATABASE]
    if hindering:
        raise SettingsError(hindering)
    return _build(purpose, env_file, {name: Settings.model_fields[name].default for name in problems})


def _build(purpose: Purpose, env_file: str | Path | None, instead: Mapping[str, Any]) -> Settings:
    return Settings(_env_file=env_file, purpose=purpose, **instead)


def _in_words(detail: ErrorDetails) -> str:
    """One problem as a sentence that begins with the setting's name."""
    name = str(detail["loc"][0]).upper()
    context = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return f"{name} {context['error']}"
    if detail["type"] == "literal_error":
        return f"{name} must be {context['expected']}"
    if name == "PORT":
        return f"{name} must be a number from 0 to 65535"
    return f"{name} has the wrong form"
