"""Named sets of trust anchors: the user's own names for CAs besides JPKI's, such as those of an office.

They stand in the configuration file and are used like a file, `--trust mycorp`:

    [trust.sets]
    mycorp = ["ca1.pem", "more/"]

A path is taken from the folder of the configuration file; of a folder all certificates count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import ConfigurationError, TrustSetError

RESERVED: Final = frozenset({"simulator"})
"""Names of `--trust` that mean something else. A set of such a name would hide it."""
CERTIFICATE_SUFFIXES: Final = frozenset({".pem", ".cer", ".crt", ".der"})
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""No dot and no slash, so that it looks like no file."""


@dataclass(frozen=True)
class TrustSet:
    """Anchors that go by one name. What cannot be read is an error that names the set and the file."""

    name: str
    places: tuple[Path, ...]
    """Files (PEM or DER), and folders of them."""

    def __str__(self) -> str:
        return self.name

    def files(self) -> Iterable[Path]:
        """The files, those of folders in the order of their names. Raises TrustSetError for a folder it cannot list."""
        try:
            for place in self.places:
                yield from certificate_files(place) if place.is_dir() else (place,)
        except OSError as error:
            raise TrustSetError(set=self.name, path=str(error.filename), reason="unreadable") from None


def certificate_files(folder: Path) -> list[Path]:
    """The files of a folder that are certificates by their names."""
    return sorted(one for one in folder.iterdir() if one.suffix.lower() in CERTIFICATE_SUFFIXES and one.is_file())


def trust_sets(table: object, configuration: Path) -> dict[str, TrustSet]:
    """What `[trust.sets]` of a configuration file says. Raises ConfigurationError."""
    if not isinstance(table, Mapping):
        raise ConfigurationError(path=str(configuration), reason="no-trust-sets", detail="trust.sets")
    return {name: _trust_set(name, value, configuration) for name, value in table.items()}


def _trust_set(name: str, value: object, configuration: Path) -> TrustSet:
    detail = f"trust.sets.{name}"
    places = [value] if isinstance(value, str) else value
    if name in RESERVED:
        raise ConfigurationError(path=str(configuration), reason="reserved-trust-set", detail=detail)
    if not _NAME.fullmatch(name):
        raise ConfigurationError(path=str(configuration), reason="trust-set-name", detail=detail)
    if not isinstance(places, list) or not places or not all(map(_names_a_place, places)):
        raise ConfigurationError(path=str(configuration), reason="no-trust-set", detail=detail)
    return TrustSet(name, tuple(configuration.parent / _expanded(one) for one in places))


def _names_a_place(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _expanded(place: str) -> Path:
    """With `~` as the shell would write it, which leaves that of an unknown user as it is."""
    with suppress(RuntimeError):
        return Path(place).expanduser()
    return Path(place)
