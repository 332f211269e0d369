"""The user's configuration file: defaults for options, below the environment and the command line.

A TOML file with one table for each command, keys as the long options, such as:

    [sign]
    key = "file:~/id.p12"
    trust = ["~/ca.cer"]
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .errors import ConfigurationError

_SECRET_WORDS = ("pin", "password", "passphrase")


def configuration_path() -> Path:
    """JITSUIN_CONFIG, or `config.toml` in the platform's configuration folder of jitsuin."""
    if chosen := os.environ.get("JITSUIN_CONFIG"):
        return Path(chosen)
    import platformdirs

    return platformdirs.user_config_path("jitsuin") / "config.toml"


def load_configuration(options: Mapping[str, frozenset[str]]) -> dict[str, dict[str, object]]:
    """Defaults by command and parameter, or nothing where there is no file.

    `options` are the commands with their parameters. Raises ConfigurationError for what is not TOML, for a command or
    option that does not exist, and for anything that looks like a secret: a PIN is never kept in a file.
    """
    path = configuration_path()
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(path=str(path), reason="cannot be read", detail=type(error).__name__) from None
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(path=str(path), reason="not TOML", detail=str(error)) from None
    defaults: dict[str, dict[str, object]] = {}
    for command, table in tables.items():
        if command not in options or not isinstance(table, dict):
            raise ConfigurationError(path=str(path), reason="unknown table", detail=command)
        for key in table:
            if key in _SECRET_WORDS:
                raise ConfigurationError(path=str(path), reason="a secret has no place here", detail=key)
            if key.replace("-", "_") not in options[command]:
                raise ConfigurationError(path=str(path), reason="unknown option", detail=f"{command}.{key}")
        defaults[command] = {key.replace("-", "_"): _expanded(value) for key, value in table.items()}
    return defaults


def _expanded(value: object) -> object:
    """`~` as the shell would write it, also inside a key URI such as `file:~/id.p12`."""
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    if isinstance(value, str) and value.startswith("~/"):
        return str(Path(value).expanduser())
    return value
