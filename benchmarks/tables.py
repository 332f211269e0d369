"""What the tables of both formats share: how numbers are written, and the markers of the page that they go into."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Results = Mapping[str, Any]
JAVA = ("jdk", "pdfbox")
"""In a JVM that is warm; `-cold` is a process for each document."""
PROCESSES = ("pdfsig",)
"""Tools that the child starts as a process of their own."""


def check_markers(page: Path, marker: str) -> None:
    """End the program before anything is measured that could not be written."""
    begin, end = _markers(marker)
    text = page.read_text(encoding="utf-8") if page.exists() else begin + end
    if not 0 <= text.find(begin) < text.find(end):
        raise SystemExit(f"{page} has no markers {begin} and {end}")


def write_between_markers(page: Path, marker: str, text: str) -> None:
    """Replace what stands between the markers; a page that is not there is made of the tables alone."""
    begin, end = _markers(marker)
    old = page.read_text(encoding="utf-8") if page.exists() else f"{begin}{end}\n"
    before, _, rest = old.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def _markers(marker: str) -> tuple[str, str]:
    return f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"


def machine(facts: Results) -> str:
    """What the numbers depend on, and who judged the outputs."""
    machine, versions = facts["machine"], facts["versions"]
    lines = [
        f"Measured on {facts['at']}: {machine['processor']}, {machine['cores']} cores, {machine['memory']} of memory, "
        f"{machine['system']}, {machine['Python']}; load {facts['load'][0]} before and {facts['load'][1]} after.",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
        "Outputs judged: " + ", ".join(f"{tool} by {judge}" for tool, judge in facts["judges"].items()) + ".",
    ]
    if facts["absent"]:
        lines.append("Absent: " + "; ".join(f"{name} ({reason})" for name, reason in facts["absent"].items()) + ".")
    return "\n\n".join(lines)


def measurements(results: Results, titles: Mapping[str, str], baseline: str, failed: Container[str] = ()) -> str:
    """One row for each tool of `titles`, with its time as a multiple of the floor's and of the baseline's."""
    rows = []
    for tool, title in titles.items():
        if (one := results.get(tool)) is None:
            rows.append([title, "failed" if tool in failed else "absent", "", "", "", "", ""])
            continue
        # What a child of the child used is not counted; a warm JVM has grown with the documents before, and its clock
        # of CPU time ticks every 10 ms.
        counted = tool not in PROCESSES
        memory = counted and tool not in JAVA and one["peak_kb"]
        ticks = tool.startswith(JAVA) and one["cpu"] < 0.1
        rows.append(
            [
                title,
                milliseconds(one["wall"]),
                milliseconds(one["cpu"]) if counted and not ticks else "",
                f"{one['times']['floor']:.2f}",
                f"{one['times'][baseline]:.2f}" if baseline in one["times"] else "",
                f"{one['peak_kb'] / 1024:,.0f}" if memory else "",
                f"{(one['peak_kb'] - one['before_kb']) / 1024:,.0f}" if memory else "",
            ]
        )
    columns = ["", "time, ms", "CPU, ms", "÷ floor", f"÷ {baseline}", "peak, MiB", "of it after start, MiB"]
    return table(columns, rows)


def whole_processes(facts: Results) -> str:
    """Commands from start to end."""
    rows = [[name, milliseconds(one["wall"]), milliseconds(one["cpu"])] for name, one in facts["start_up"].items()]
    return "### Start-up, whole processes\n\n" + table(["", "time, ms", "CPU, ms"], rows)


def held(ratio: float, holds: bool) -> str:
    return f"{ratio:.2f} {'holds' if holds else '**missed**'}"


def milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---", *("---:" for _ in columns[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
