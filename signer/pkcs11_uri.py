"""PKCS#11 URIs (RFC 7512): which module, which token, which key, and where the PIN comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from .errors import KeyUriError
from .home import expanded

_PATH_ATTRIBUTES: Final = frozenset(
    {
        "token",
        "manufacturer",
        "serial",
        "model",
        "library-manufacturer",
        "library-version",
        "library-description",
        "object",
        "type",
        "id",
        "slot-manufacturer",
        "slot-description",
        "slot-id",
    }
)
"""RFC 7512, 2.3. Others are an error: a misspelt one would quietly widen the choice."""
_QUERY_ATTRIBUTES: Final = frozenset({"pin-source", "module-name", "module-path", "timeout", "wait"})
"""RFC 7512, 2.4, but for `pin-value`; the last two are ours, as it allows."""
_TYPES: Final = frozenset({"private", "cert", "public"})
_LIBRARY: Final = "library-"
_NAME: Final = re.compile("[A-Za-z0-9_-]+")
_PIN: Final = re.compile("pin(-|%2d)value", re.IGNORECASE)
_Value = TypeVar("_Value")

CALL_SECONDS: Final = 60.0
"""How long a module may take for one call. Opening a token can be ninety commands to a slow card."""
WAIT_SECONDS: Final = 60.0
"""How long another process of ours is waited for that uses the same module."""


@dataclass(frozen=True)
class Pkcs11Uri:
    """What a URI says; None is what it leaves open."""

    module: str | None = None
    """A path, or a name that the system's loader finds."""
    module_name: str | None = None
    """Part of the file name of one of the modules at the known places, as `opensc-pkcs11`."""
    token: dict[str, str] = field(default_factory=dict)
    """What the token and its slot must be called, by attribute."""
    library: dict[str, str] = field(default_factory=dict)
    """What the library must say of itself: `manufacturer`, `description`, `version`."""
    slot_id: int | None = None
    label: str | None = None
    id: bytes | None = None
    pin_source: Path | None = None
    timeout: float = CALL_SECONDS
    wait: float = WAIT_SECONDS


def parse(uri: str) -> Pkcs11Uri:
    """Read `pkcs11:`, `pkcs11:MODULE`, or a URI by RFC 7512 with `module-path` or `module-name`.

    MODULE is the path or name of a module, taken literally. `pin-source` is a file, whose first line is the PIN.
    `timeout` and `wait` are seconds for a call and for another process. Raises KeyUriError, which does not quote a
    URI with a PIN in it.
    """
    scheme, colon, rest = uri.partition(":")
    if scheme != "pkcs11" or not colon:
        raise KeyUriError(uri=uri, reason="scheme")
    if _PIN.search(rest):  # it would stand in the shell's history and in the list of processes
        raise KeyUriError(uri="pkcs11:…", reason="pin-value")
    path, _, query = rest.partition("?")
    module = None
    if path and "=" not in path:
        module, path = str(expanded(path, uri)), ""
    given = dict(_attributes(query, "&", _QUERY_ATTRIBUTES, uri))
    wanted = dict(_attributes(path, ";", _PATH_ATTRIBUTES, uri))
    if "module-path" in given:
        if module is not None:
            raise KeyUriError(uri=uri, reason="module-twice")
        module = str(expanded(unquote(given["module-path"]), uri))
    if wanted.pop("type", "private") not in _TYPES:
        raise KeyUriError(uri=uri, reason="type")
    return Pkcs11Uri(
        module=module,
        module_name=_optional(unquote, given.get("module-name")),
        slot_id=_slot(wanted.pop("slot-id", None), uri),
        label=_optional(unquote, wanted.pop("object", None)),
        id=_optional(unquote_to_bytes, wanted.pop("id", None)),
        token={name: unquote(value) for name, value in wanted.items() if not name.startswith(_LIBRARY)},
        library={
            name.removeprefix(_LIBRARY): unquote(value) for name, value in wanted.items() if name.startswith(_LIBRARY)
        },
        pin_source=_optional(lambda value: _pin_source(value, uri), given.get("pin-source")),
        timeout=_seconds(given.get("timeout"), CALL_SECONDS, uri),
        wait=_seconds(given.get("wait"), WAIT_SECONDS, uri, least=0),
    )


def _attributes(text: str, separator: str, known: frozenset[str], uri: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if not equals or not _NAME.fullmatch(name) or name not in known:
            raise KeyUriError(uri=uri, reason="attribute", attribute=name)
        if name in seen:  # RFC 7512, 2.3: at most once
            raise KeyUriError(uri=uri, reason="attribute-twice", attribute=name)
        seen.add(name)
        yield name, value


def _optional(read: Callable[[str], _Value], value: str | None) -> _Value | None:
    return None if value is None else read(value)


def _slot(value: str | None, uri: str) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()):
        raise KeyUriError(uri=uri, reason="slot-id")
    return int(value)


def _pin_source(value: str, uri: str) -> Path:
    """A file (RFC 7512, 2.4); a command (`|…`) would be run on the word of a URI, and is refused."""
    text = unquote(value)
    if text.startswith("file:"):
        parts = urlsplit(value)
        if parts.netloc not in ("", "localhost"):
            raise KeyUriError(uri=uri, reason="pin-source")
        text = unquote(parts.path)
    if text.startswith("|") or not text:
        raise KeyUriError(uri=uri, reason="pin-source")
    return expanded(text, uri)


def _seconds(value: str | None, default: float, uri: str, least: float = 0.001) -> float:
    if value is None:
        return default
    try:
        seconds = float(value)
    except ValueError:
        raise KeyUriError(uri=uri, reason="seconds") from None
    if not least <= seconds <= 3600:
        raise KeyUriError(uri=uri, reason="seconds")
    return seconds
