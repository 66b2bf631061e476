"""A desk to try settings at: a folder, an environment, and what `load_settings` has to say."""

from __future__ import annotations

from pathlib import Path

import pytest

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
