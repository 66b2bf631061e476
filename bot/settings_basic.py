"""The settings of the school, its database, its chat and its web door: all but M-PESA's."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.settings_files import NamedFiles, Unusable
from bot.settings_forms import (
    check_database_url,
    check_public_url,
    check_real,
    check_secret_keys,
    check_token,
    check_unmasked,
    check_webhook_secret,
    password_of,
)
from bot.settings_types import Networks, Text, form, near_api_url

Purpose = Literal["run", "web", "worker", "open", "webhook", "doctor"]

SERVING = frozenset({"run", "web", "worker"})
COMPLETE = SERVING | {"doctor"}  #: purposes for which everything that a school needs must be there
_SHARED = frozenset(
    {"web", "worker"}
)  # several processes: they want a server, and a key that all of them know
_HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_REQUIRED = {
    "school_name": "parents see it on every screen",
    "school_contact": "parents are told to turn there, such as a phone number of the office",
    "telegram_bot_token": "BotFather gives it",
}


class BasicSettings(BaseSettings):
    """The part that knows nothing of M-PESA. Empty text means not given."""

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

    @field_validator("*", mode="before")
    @classmethod
    def _could_be_read(cls, value: Any) -> Any:
        if isinstance(value, Unusable):
            raise ValueError(value.reason)
        return value

    @field_validator(*_REQUIRED, mode="before")
    @classmethod
    def _basics_are_given(cls, value: Any, info: ValidationInfo) -> Any:
        return given_where_needed(value, info, _REQUIRED)

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
        if on_a_server and is_empty(value):
            raise ValueError("is missing: PostgreSQL has no key file beside it (32 characters or more)")
        return value

    @field_validator("telegram_updates")
    @classmethod
    def _updates_can_come(cls, value: str, info: ValidationInfo) -> str:
        purpose = info.data.get("purpose")
        if purpose not in COMPLETE:
            return value
        chosen = value
        if purpose in SERVING and not value:
            chosen = "webhook" if purpose in _SHARED else "polling"
        if chosen == "webhook" and not info.data.get("public_url", "?"):
            raise ValueError("is webhook, which needs PUBLIC_URL: set that, or TELEGRAM_UPDATES=polling")
        return chosen

    @field_validator("host")
    @classmethod
    def _host_of_the_door(cls, value: str, info: ValidationInfo) -> str:
        return value or ("0.0.0.0" if info.data.get("purpose") == "web" else "127.0.0.1")  # noqa: S104


def given_where_needed(value: Any, info: ValidationInfo, needed: dict[str, str]) -> Any:
    """The value; raises ValueError for a missing one where a school is to be served, with what it is for."""
    if info.data.get("purpose") in COMPLETE and is_empty(value):
        raise ValueError(f"is missing: {needed[info.field_name or '']}")
    return value


def is_empty(value: Any) -> bool:
    """Whether nothing was given, or blanks alone; a secret is looked into."""
    given = value.get_secret_value() if isinstance(value, SecretStr) else value
    return not (given.strip() if isinstance(given, str) else given)
