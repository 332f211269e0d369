"""The measured numbers as Markdown, between two markers of a page that is otherwise written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

BEGIN = "<!-- benchmarks/run.py: begin -->"
END = "<!-- benchmarks/run.py: end -->"

TITLES = {
    "sign": {
        "floor": "floor: lxml and cryptography, nothing else",
        "jitsuin": "**Jitsuin**, adapter alone",
        "jitsuin-checked": "**Jitsuin**, adapter, and its output verified (step 10)",
        "jitsuin-file": "**Jitsuin**, `sign_file`, revocation off",
        "jitsuin-file-crl": "**Jitsuin**, `sign_file`, revocation by CRL",
        "signxml": "signxml",
        "xmlsec": "xmlsec bindings",
        "jdk": "JDK, warm",
        "jdk-cold": "JDK, whole process",
    },
    "verify": {
        "floor": "floor: lxml and cryptography, nothing else",
        "jitsuin": "**Jitsuin**, adapter alone",
        "jitsuin-file": "**Jitsuin**, `verify_file`, revocation off",
        "jitsuin-file-crl": "**Jitsuin**, `verify_file`, revocation by CRL",
        "signxml": "signxml",
        "xmlsec": "xmlsec bindings",
        "jdk": "JDK, warm",
        "jdk-cold": "JDK, whole process",
    },
}
Results = Mapping[str, Any]


def render(facts: Mapping[str, Any]) -> str:
    """The whole part between the markers."""
    parts = [_machine(facts)]
    for operation, heading in (("sign", "Signing"), ("verify", "Verifying")):
        parts += [_operation(facts, size, operation, heading) for size in facts["results"]]
    parts += [_start_up(facts), _goals(facts["results"])]
    return "\n\n".join(parts)


def check_markers(page: Path) -> None:
    """End the program before anything is measured that could not be written."""
    text = page.read_text(encoding="utf-8") if page.exists() else BEGIN + END
    if not 0 <= text.find(BEGIN) < text.find(END):
        raise SystemExit(f"{page} has no markers {BEGIN} and {END}")


def write_between_markers(page: Path, text: str) -> None:
    """Replace what stands between the markers; a page that is not there is made of the tables alone."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"{BEGIN}{END}\n"
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _machine(facts: Mapping[str, Any]) -> str:
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


def _operation(facts: Mapping[str, Any], size: str, operation: str, heading: str) -> str:
    results = facts["results"][size][operation]
    count = facts["results"][size]["bytes"]
    rows = []
    for tool, title in TITLES[operation].items():
        if (one := results.get(tool)) is None:
            rows.append([title, "absent", "", "", "", "", ""])
            continue
        # A warm JDK has grown with the documents before; its clock of CPU time ticks every 10 ms.
        memory = tool != "jdk" and one["peak_kb"]
        rows.append(
            [
                title,
                _milliseconds(one["wall"]),
                "" if tool.startswith("jdk") and one["cpu"] < 0.1 else _milliseconds(one["cpu"]),
                f"{one['times_floor']:.2f}",
                f"{one['times_signxml']:.2f}" if "signxml" in results else "",
                f"{one['peak_kb'] / 1024:,.0f}" if memory else "",
                f"{(one['peak_kb'] - one['before_kb']) / 1024:,.0f}" if memory else "",
            ]
        )
    columns = ["", "time, ms", "CPU, ms", "÷ floor", "÷ signxml", "peak, MiB", "of it after start, MiB"]
    return f"### {heading} {count:,} bytes\n\n" + _table(columns, rows)


def _start_up(facts: Mapping[str, Any]) -> str:
    rows = [[name, _milliseconds(one["wall"]), _milliseconds(one["cpu"])] for name, one in facts["start_up"].items()]
    return "### Start-up, whole processes\n\n" + _table(["", "time, ms", "CPU, ms"], rows)


def _goals(results: Results) -> str:
    """Which goals hold for the adapter alone (the job that the others do), with step 10, and for the whole flow."""
    rows = []
    signers = ("jitsuin", "jitsuin-checked", "jitsuin-file-crl")
    for size, factor in (("20KB", 1.5), ("1MB", 1.5), ("50MB", 2.0)):
        if size not in results or "signxml" not in results[size]["sign"]:
            continue
        signed = results[size]["sign"]
        if size != "50MB":
            ratios = (signed[tool]["times_floor"] for tool in signers)
            rows.append([f"sign {size} within 1.5 times the floor", *(_held(r, r <= 1.5) for r in ratios)])
        ratios = (1 / signed[tool]["times_signxml"] for tool in signers)
        rows.append([f"sign {size} {factor:g} times faster than signxml", *(_held(r, r >= factor) for r in ratios)])
        if size == "50MB":
            ratios = (signed[tool]["peak_kb"] / signed["signxml"]["peak_kb"] for tool in signers)
            rows.append(["sign 50MB in half of signxml's memory", *(_held(r, r <= 0.5) for r in ratios)])
    for size in results:
        verified = results[size]["verify"]
        if "signxml" in verified:
            ratio, whole = (1 / verified[tool]["times_signxml"] for tool in ("jitsuin", "jitsuin-file-crl"))
            held = [_held(ratio, ratio >= 1.5), "", _held(whole, whole >= 1.5)]
            rows.append([f"verify {size} 1.5 times faster than signxml", *held])
    columns = ["", "adapter alone", "with step 10", "`sign_file` or `verify_file`, with CRL"]
    return "### Goals\n\n" + _table(columns, rows)


def _held(ratio: float, holds: bool) -> str:
    return f"{ratio:.2f} {'holds' if holds else '**missed**'}"


def _milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---", *("---:" for _ in columns[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
