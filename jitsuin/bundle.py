"""The file of `jitsuin doctor --bundle`: a diagnosis to attach to a report, without whose computer or card it was.

JSON Lines in UTF-8: a first line with format and version, one for each check, then the traces of the cards that were
looked at (`signer.trace`), which `simulator serve --replay` plays back. Facts are let in by name, not kept out.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from jitsuin.signer.trace import BUNDLE_FORMAT

from .doctor import Check, Diagnosis
from .errors import OutputError
from .storage import check_output, write_atomically

VERSION: Final = 1
_SHAREABLE: Final = frozenset(
    {
        "architectures",
        "authentication_tries_left",
        "count",
        "detail",
        "encoding",
        "error",
        "hresult",
        "kind",
        "language",
        "local",
        "machine",
        "module",
        "programs",
        "python",
        "reader",
        "signature_tries_left",
        "sw",
        "system",
        "total",
        "version",
    }
)
_REMOVED: Final = "…"
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^][]*\]")


def check_bundle(path: Path) -> None:
    """Refuse before any work what could not be written after it. Raises OutputError; a file is never replaced."""
    if path.exists():
        raise OutputError(path=str(path), reason="bundle-exists")
    check_output(path, (), overwrite=False)


def write_bundle(path: Path, diagnosis: Diagnosis) -> None:
    """Write the file. Raises OutputError."""
    text = "".join(bundle_lines(diagnosis))
    write_atomically(path, lambda file: file.write(text.encode()), overwrite=False)


def bundle_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """The lines of the file."""
    personal = _personal_words()
    yield _line({"format": BUNDLE_FORMAT, "version": VERSION})
    for check in diagnosis.checks:
        facts = {name: _without(value, personal) for name, value in _shared(check).items()}
        yield _line({"subject": check.subject, "state": check.state.value, "code": check.code, "facts": facts})
    for trace in diagnosis.traces:
        yield from trace


def _shared(check: Check) -> dict[str, object]:
    facts = {name: value for name, value in check.facts.items() if name in _SHAREABLE}
    if "reader" in facts:
        # PC/SC appends the reader's own serial number to its name, in parentheses.
        facts["reader"] = _PARENTHESES.sub(_REMOVED, str(facts["reader"]))
    return facts


def _personal_words() -> re.Pattern[str]:
    """The home folder, then user and host name as words, in any case."""
    folders, names = {str(Path.home()), os.path.realpath(Path.home())}, {Path.home().name, platform.node()}
    with suppress(OSError, KeyError, ImportError):  # a user without a name
        names.add(getpass.getuser())
    names |= {name.partition(".")[0] for name in names}
    longest_first = sorted(filter(None, folders - {"/"}), key=len, reverse=True)
    parts = [rf"{re.escape(folder)}(?![\w-])" for folder in longest_first]
    parts += [rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(filter(None, names), key=len, reverse=True)]
    return re.compile("|".join(parts) or "(?!)", re.IGNORECASE)


def _without(value: object, personal: re.Pattern[str]) -> object:
    if isinstance(value, str):
        return personal.sub(_REMOVED, value)
    if isinstance(value, list):
        return [_without(item, personal) for item in value]
    return value


def _line(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
