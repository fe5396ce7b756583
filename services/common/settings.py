"""Settings from the environment: one frozen class per process, read once, in its `__main__`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from services.common.process import EXIT_REFUSED

_MAX_SECRET_FILE_BYTES = 64 * 1024


class TollbookSettings(BaseSettings):
    """Base of every process's settings.

    A field `ledger_listen` is the variable LEDGER_LISTEN, from the environment or else from `.env`. Each variable
    can also name a file that holds its value (LEDGER_LISTEN_FILE). An empty value counts as none, except where a
    field is in `never_empty`: its validator gets the empty value, to refuse it.
    """

    never_empty: ClassVar[frozenset[str]] = frozenset()

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] | None = None
    """None: console on a terminal, else JSON."""

    failpoints: str = ""
    """Where this process is to fail on purpose; see services/common/failpoints.py."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class passes it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            EmptyVariables(cls, EnvSettingsSource(cls, env_ignore_empty=False)),
            env_settings,
            FileVariables(settings_cls, env_settings),
            EmptyVariables(cls, DotEnvSettingsSource(cls, env_ignore_empty=False)),
            dotenv_settings,
            FileVariables(settings_cls, dotenv_settings),
        )


class EmptyVariables(PydanticBaseSettingsSource):
    """The fields of `never_empty` whose variables are there, and empty."""

    def __init__(self, settings_cls: type[TollbookSettings], variables: EnvSettingsSource) -> None:
        super().__init__(settings_cls)
        self._names = {name for name in settings_cls.never_empty if variables.env_vars.get(name) == ""}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return ("" if field_name in self._names else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict.fromkeys(self._names, "")


class FileVariables(PydanticBaseSettingsSource):
    """Values from the files that `<NAME>_FILE` variables name; surrounding white space is dropped."""

    def __init__(self, settings_cls: type[BaseSettings], variables: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables: Mapping[str, str | None] = {}
        if isinstance(variables, EnvSettingsSource):
            self._variables = variables.env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        path = self._variables.get(f"{field_name}_file")
        return (_read_value(field_name, path) if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self._fields()}
        return {name: value for name, value in found.items() if value}

    def _fields(self) -> list[tuple[str, FieldInfo]]:
        return list(self.settings_cls.model_fields.items())


def _read_value(field_name: str, path: str) -> str:
    variable = f"{field_name.upper()}_FILE"
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_SECRET_FILE_BYTES + 1)
        text = content.decode("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: the file it names cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: the file it names is not UTF-8 text") from error
    if len(content) > _MAX_SECRET_FILE_BYTES:
        raise SettingsError(f"{variable}: the file it names is larger than {_MAX_SECRET_FILE_BYTES} bytes")
    return text


def split_commas(value: object) -> object:
    """`"a, b"` → `("a", "b")`: for fields of type `Annotated[tuple[...], NoDecode, BeforeValidator(split_commas)]`."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


SettingsClass = TypeVar("SettingsClass", bound=TollbookSettings)


def load_settings(settings_class: type[SettingsClass]) -> SettingsClass:
    """The settings of this process; a wrong value ends it with one sentence per variable, never with the value."""
    try:
        return settings_class()
    except ValidationError as error:
        sentences = [_sentence(item["loc"], item["msg"]) for item in error.errors(include_input=False)]
    except SettingsError as error:
        sentences = [str(error)]
    sys.stderr.write("".join(f"tollbook cannot start: {sentence}\n" for sentence in sentences))
    sys.exit(EXIT_REFUSED)


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    variable = str(location[0]).upper() if location else "the settings"
    return f"{variable}: {message.removeprefix('Value error, ')}"
