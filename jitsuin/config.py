"""The user's configuration file: defaults for options, below the environment and the command line.

A TOML file with one table for each command, keys as the long options, such as:

    [sign]
    key = "file:~/id.p12"
    trust = ["~/ca.cer"]

The named sets of trust anchors (trust_sets.py) are no options, nor are `[[batch.rules]]`: pairs of `pattern` and
`profile`, for the files of a batch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ConfigurationError
from .trust_sets import TrustSet, trust_sets

COMMAND_LINE_ONLY = frozenset(
    {
        "allow-last-try",
        "accept-test-hierarchy",
        "filing-date",
        "overwrite",
        "dry-run",
        "output",
        "report",
        "force",
        "unlock",
        "yes",
        "resume",
        "json",
        "help",
    }
)
"""What a person must say each time: a default for it would switch a safety rule off for good, or make no sense."""
_BATCH = "batch"
_SECRETS = frozenset({"pin", "password", "passphrase"})
_TRUST_SETS = ("trust", "sets")


@dataclass(frozen=True)
class Option:
    """An option that may have a default: the name of its parameter, and whether it may be given several times."""

    parameter: str
    multiple: bool


def configuration_path() -> Path:
    """JITSUIN_CONFIG, or `config.toml` in the platform's configuration folder of jitsuin."""
    if chosen := os.environ.get("JITSUIN_CONFIG"):
        return Path(chosen)
    import platformdirs

    return platformdirs.user_config_path("jitsuin") / "config.toml"


def load_configuration(commands: Mapping[str, Mapping[str, Option]]) -> dict[str, dict[str, object]]:
    """Defaults by command and parameter, or nothing where there is no file.

    `commands` are the commands with their long options. Raises ConfigurationError for what is not TOML, for a command
    or option that does not exist or belongs on the command line, and for a secret: a PIN is never kept in a file.
    """
    path, tables = _tables()
    defaults: dict[str, dict[str, object]] = {}
    for command, table in tables.items():
        if command == _BATCH:
            _rules(path, table)
            continue
        if command not in commands or not isinstance(table, dict):
            raise ConfigurationError(path=str(path), reason="unknown-table", detail=command)
        known = commands[command]
        defaults[command] = {}
        for name, value in table.items():
            if (command, name) == _TRUST_SETS:
                trust_sets(value, path)
                continue
            if reason := _objection(name, known):
                raise ConfigurationError(path=str(path), reason=reason, detail=f"{command}.{name}")
            if not _plain(value):
                raise ConfigurationError(path=str(path), reason="not-text", detail=f"{command}.{name}")
            defaults[command][known[name].parameter] = _prepared(value, multiple=known[name].multiple)
    return defaults


def configured_trust_sets() -> dict[str, TrustSet]:
    """The named sets of trust anchors. Raises ConfigurationError."""
    path, tables = _tables()
    command, name = _TRUST_SETS
    table = tables.get(command)
    return trust_sets(table.get(name, {}), path) if isinstance(table, dict) else {}


def batch_rules() -> tuple[tuple[str, str], ...]:
    """Pattern and profile of each `[[batch.rules]]`, in their order. Raises ConfigurationError."""
    from . import registry

    path, tables = _tables()
    rules = _rules(path, tables.get(_BATCH, {}))
    for _, profile in rules:
        if profile not in registry.profiles():
            raise ConfigurationError(path=str(path), reason="no-such-profile", detail=profile)
    return rules


def _tables() -> tuple[Path, Mapping[str, object]]:
    """The file and what is in it; nothing where there is none and none was named."""
    path = configuration_path()
    if "JITSUIN_CONFIG" not in os.environ and not path.exists():
        return path, {}
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(path=str(path), reason="absent") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(path=str(path), reason="unreadable", detail=str(error)) from None
    except OSError as error:
        raise ConfigurationError(path=str(path), reason="unreadable", detail=error.strerror) from None
    import tomllib

    try:
        return path, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(path=str(path), reason="not-toml", detail=str(error)) from None


def _rules(path: Path, table: object) -> tuple[tuple[str, str], ...]:
    rules = table.get("rules", []) if isinstance(table, dict) and set(table) <= {"rules"} else None
    if not isinstance(rules, list):
        raise ConfigurationError(path=str(path), reason="not-rules", detail=_BATCH)
    pairs: list[tuple[str, str]] = []
    for rule in rules:
        if not isinstance(rule, dict) or set(rule) != {"pattern", "profile"} or not all(map(_text, rule.values())):
            raise ConfigurationError(path=str(path), reason="not-rules", detail=f"{_BATCH}.rules")
        pairs.append((rule["pattern"], rule["profile"]))
    return tuple(pairs)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _plain(value: object) -> bool:
    return isinstance(value, str | bool) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _objection(name: str, known: Mapping[str, Option]) -> str | None:
    if name in _SECRETS:
        return "secret"
    if name in COMMAND_LINE_ONLY:
        return "command-line-only"
    return None if name in known else "unknown-option"


def _prepared(value: object, *, multiple: bool) -> object:
    """A single value for an option that may be repeated is a list of one; `~` is as the shell would write it."""
    if multiple and not isinstance(value, list):
        value = [value]
    if isinstance(value, list):
        return [_prepared(item, multiple=False) for item in value]
    if isinstance(value, str) and value.startswith("~/"):
        return str(Path(value).expanduser())
    return value
