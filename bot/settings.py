"""Every setting, from the environment, a `.env` file, or the file that NAME_FILE names; all problems at once.

`load_settings("run")`, "web" and "worker" want everything a school needs; `load_settings("open")`, for commands
that only look into the database, wants the database's settings alone and leaves out what is wrong with the
others; "webhook" wants those right, too, that say where Telegram brings updates; "doctor" refuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator

from bot.settings_basic import COMPLETE, SERVING, BasicSettings, Purpose, given_where_needed, is_empty
from bot.settings_forms import certificate_of, check_api_url, check_certificate, check_real
from bot.settings_problems import SettingsError, in_words
from bot.settings_types import Digits, Networks, Secret, Text, form

__all__ = [
    "SANDBOX_PASSKEY",
    "SANDBOX_SHORTCODE",
    "Purpose",
    "Settings",
    "SettingsError",
    "load_settings",
    "settings_as_they_are",
]

TransactionType = Literal["CustomerPayBillOnline", "CustomerBuyGoodsOnline"]

SANDBOX_SHORTCODE = "174379"  # this and its passkey are public: the Daraja portal shows them to everyone
SANDBOX_PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"

_REQUIRED = {
    "daraja_consumer_key": "it is on your app's page in the Daraja portal",
    "daraja_consumer_secret": "it is on your app's page in the Daraja portal",
    "daraja_shortcode": "your PayBill or store number (174379 in the sandbox)",
    "daraja_passkey": "M-PESA sends it when you go live (the sandbox's is in the Daraja portal)",
}
_OF_THE_OPERATOR = {
    "daraja_initiator_password": "DARAJA_INITIATOR_NAME names an operator, whose password it is",
    "daraja_certificate": "with M-PESA's certificate the operator's password is encrypted (Daraja portal)",
}
_DEFAULT_DATABASE = BasicSettings.model_fields["database_url"].default
_OF_THE_DATABASE = {"database_url", "karo_secret_key", "log_level"}
_OF_THE_WEBHOOK = {
    *("telegram_bot_token", "telegram_api_url", "telegram_updates", "telegram_webhook_secret", "public_url"),
    *_OF_THE_DATABASE,
}


class Settings(BasicSettings):
    """What one process is told at its start. Frozen; secrets are SecretStr; empty text means not given."""

    daraja_environment: Annotated[Literal["sandbox", "production"], form(str.lower)] = "sandbox"
    daraja_api_url: Annotated[str, form(check_api_url)] = ""
    daraja_app_name: Text = ""
    daraja_consumer_key: Secret = SecretStr("")
    daraja_consumer_secret: Secret = SecretStr("")
    daraja_shortcode: Digits = ""
    daraja_passkey: Secret = SecretStr("")
    daraja_transaction_type: TransactionType = "CustomerPayBillOnline"
    daraja_party_b: Digits = ""
    daraja_initiator_name: Text = ""
    daraja_initiator_password: Annotated[SecretStr, form(check_real)] = SecretStr("")
    daraja_certificate: Annotated[str, form(check_certificate), Field(repr=False)] = ""
    daraja_pace: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = 0.0
    daraja_callback_ips: Networks = ()

    @property
    def party_b(self) -> str:
        """Who receives the money: the till when one is named, else the shortcode."""
        return self.daraja_party_b or self.daraja_shortcode

    @property
    def sandbox(self) -> bool:
        """Whether Daraja's sandbox is meant: nothing paid there reaches the school."""
        return self.daraja_environment == "sandbox"

    @property
    def certificate(self) -> bytes:
        """M-PESA's certificate as PEM or DER, out of its file where a path was given; empty: none."""
        return certificate_of(self.daraja_certificate)

    @field_validator(*_REQUIRED, mode="before")
    @classmethod
    def _credentials_are_given(cls, value: Any, info: ValidationInfo) -> Any:
        return given_where_needed(value, info, _REQUIRED)

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
        if info.data.get("purpose") in COMPLETE and till and not value:
            raise ValueError("is missing: the till number, because DARAJA_TRANSACTION_TYPE is for a till")
        return value

    @field_validator(*_OF_THE_OPERATOR)
    @classmethod
    def _operator_is_whole(cls, value: Any, info: ValidationInfo) -> Any:
        named = bool(info.data.get("daraja_initiator_name"))
        if info.data.get("purpose") in COMPLETE and named and is_empty(value):
            raise ValueError(f"is missing: {_OF_THE_OPERATOR[info.field_name or '']}")
        if info.field_name == "daraja_initiator_password" and not named and not is_empty(value):
            raise ValueError("is given without DARAJA_INITIATOR_NAME: name the operator, too")
        return value


def load_settings(purpose: Purpose = "run", *, env_file: str | Path | None = ".env") -> Settings:
    """The settings, fit for the purpose. Raises SettingsError with all problems."""
    if purpose == "doctor":
        return settings_as_they_are(env_file=env_file)[0]
    try:
        return _build(purpose, env_file, {})
    except ValidationError as error:
        problems = _problems_of(error)
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError([_unreadable(env_file, error)]) from None
    wanted = _OF_THE_WEBHOOK if purpose == "webhook" else _OF_THE_DATABASE
    hindering = [line for name, line in problems.items() if purpose in SERVING or name in wanted]
    if hindering:
        raise SettingsError(hindering)
    return _build(purpose, env_file, _defaults(problems))


def settings_as_they_are(*, env_file: str | Path | None = ".env") -> tuple[Settings, Mapping[str, str]]:
    """For the doctor: the settings, however broken, and each problem by the field's name, in words without values.

    A setting that is wrong stands at its default; `env_file` names a file that cannot be read.
    """
    found: dict[str, str] = {}
    try:
        return _build("doctor", env_file, {}), found
    except (UnicodeDecodeError, OSError) as error:
        found, env_file = {"env_file": _unreadable(env_file, error)}, None
    except ValidationError as error:
        found = _problems_of(error)
    instead = _defaults(found)
    for (
        _
    ) in Settings.model_fields:  # a default may be wrong beside another setting: that one is put aside, too
        try:
            return _build("open", env_file, instead).model_copy(update={"purpose": "doctor"}), found
        except ValidationError as error:
            instead |= _defaults(_problems_of(error)) | {"database_url": _DEFAULT_DATABASE}
    raise SettingsError(list(found.values()))


def _problems_of(error: ValidationError) -> dict[str, str]:
    return {str(detail["loc"][0]): in_words(detail) for detail in error.errors()}


def _unreadable(env_file: str | Path | None, error: UnicodeDecodeError | OSError) -> str:
    why = error.strerror if isinstance(error, OSError) else "save it as UTF-8 text"
    return f"{env_file} cannot be read: {why or type(error).__name__}"


def _defaults(problems: Mapping[str, str]) -> dict[str, Any]:
    return {name: field.default for name, field in Settings.model_fields.items() if name in problems}


def _build(purpose: Purpose, env_file: str | Path | None, instead: Mapping[str, Any]) -> Settings:
    return Settings(_env_file=env_file, purpose=purpose, **instead)
