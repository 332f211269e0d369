"""The result of `extend` as text for people and as JSON for programs: the same facts in both."""

from __future__ import annotations

from .language import say
from .messages import added_in_words, notice_sentence
from .report import SCHEMA_VERSION, iso, notice_json, padded, printable, profile_json, timestamp_json, timestamp_text
from .results import ExtendResult


def extend_text(result: ExtendResult) -> str:
    """What was added, and what should be known about it."""
    rows = [
        (say("profile", "プロファイル"), result.profile.name),
        *((say("added", "追加"), added_in_words(what)) for what in result.added),
        *((say("timestamp", "タイムスタンプ"), timestamp_text(stamp)) for stamp in result.timestamps),
        ("SHA-256", result.target_sha256),
    ]
    lines = [f"{printable(str(result.source))} → {printable(str(result.target))}"]
    lines += [f"  {padded(label)}{printable(text)}" for label, text in rows]
    lines += [f"  ! {printable(notice_sentence(notice.code, notice.facts))}" for notice in result.notices]
    return "\n".join(lines)


def extend_json(result: ExtendResult) -> dict[str, object]:
    """The object that `jitsuin extend --json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "extend",
        "source": str(result.source),
        "target": str(result.target),
        "source_sha256": result.source_sha256,
        "target_sha256": result.target_sha256,
        "at": iso(result.at),
        "profile": profile_json(result.profile),
        "added": list(result.added),
        "timestamps": [timestamp_json(stamp) for stamp in result.timestamps],
        "notices": [notice_json(notice) for notice in result.notices],
    }
