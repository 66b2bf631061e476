"""Settings by file: NAME_FILE names a file that holds the value of NAME, as container secrets do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource


@dataclass(frozen=True, slots=True)
class Unusable:
    """Stands where a NAME_FILE gave no value, until the field's validator says why."""

    reason: str


class NamedFiles(PydanticBaseSettingsSource):
    """Reads the files that the NAME_FILE variables of another source name."""

    def __init__(self, settings_cls: type[BaseSettings], variables: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables: Mapping[str, str | None] = (
            variables.env_vars if isinstance(variables, EnvSettingsSource) else {}
        )

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """The file's text without blanks around it, or an Unusable."""
        path = self._variables.get(f"{field_name}_file")
        return (self._value(path, field_name) if path else None), field_name, False

    def _value(self, path: str, name: str) -> str | Unusable:
        if self._variables.get(name):
            return Unusable(f"is given twice, as itself and as {name.upper()}_FILE")
        try:
            text = Path(path).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            text = ""
        return text or Unusable(f"cannot be read: {name.upper()}_FILE names no file with text in it")

    def __call__(self) -> dict[str, Any]:
        """Name -> value, for those that are given by file."""
        fields = self.settings_cls.model_fields
        found = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in found.items() if value is not None}
