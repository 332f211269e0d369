"""A batch as JSON Lines: one object for each file, and a last one for the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .language import say
from .messages import skip_sentence
from .report import SCHEMA_VERSION, error_json, iso, notice_json, verdict_json

if TYPE_CHECKING:
    from .batch_results import BatchResult, FileRecord, FileReported


def file_json(command: str, event: FileReported) -> dict[str, object]:
    """The line of one file. A verification has all that `verify --json` says of a file by itself."""
    head = {"schema_version": SCHEMA_VERSION, "type": "file", "command": command}
    return {**head, **record_json(event.record), **event.detail}


def record_json(record: FileRecord) -> dict[str, object]:
    """A file and what became of it. A field that has nothing to say is left out."""
    facts: dict[str, object | None] = {
        "name": record.name,
        "state": record.state.value,
        "source": str(record.source),
        "target": str(record.target) if record.target and record.target_sha256 else None,
        "format": record.format,
        "profile": record.profile,
        "source_sha256": record.source_sha256,
        "target_sha256": record.target_sha256,
        "reason": record.reason,
        "message": skip_sentence(record.reason) if record.reason else None,
        "error": error_json(record.error) if record.error else None,
        "notices": [notice_json(notice) for notice in record.notices] or None,
    }
    if record.verdict is not None:
        facts["verdict"] = verdict_json(record.verdict)["verdict"]
    return {name: value for name, value in facts.items() if value is not None}


def summary_json(command: str, result: BatchResult, exit_code: int, resume: str | None) -> dict[str, object]:
    """The last line."""
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "summary",
        "command": command,
        "run_id": result.run_id,
        "at": iso(result.begun),
        "counts": {state.value: count for state, count in result.counts.items()},
        "certificate_serial": f"{result.certificate_serial:x}" if result.certificate_serial is not None else None,
        "notices": [notice_json(notice) for notice in result.notices],
        "stopped": _ending(result.stopped),
        "resume": resume,
        "exit_code": exit_code,
    }


def _ending(stopped: BaseException | None) -> dict[str, object] | None:
    if stopped is None or isinstance(stopped, Exception):
        return None if stopped is None else error_json(stopped)
    return {"kind": type(stopped).__name__, "message": say("stopped by a signal", "シグナルで中止"), "facts": {}}
