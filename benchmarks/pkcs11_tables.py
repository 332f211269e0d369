"""The measured numbers of PKCS#11 as Markdown."""

from __future__ import annotations

from tables import Results, held, machine, milliseconds, table

VALUES = {
    "bare": "python-pkcs11, nothing checked",
    "jitsuin": "**Jitsuin**, `Pkcs11Signer.sign`",
}
PDF = {
    "floor": "floor: read, one signature by the token, write",
    "jitsuin": "**Jitsuin**, adapter alone",
    "jitsuin-file": "**Jitsuin**, `sign_file`, revocation by CRL",
    "pyhanko": "pyHanko, `PKCS11Signer`",
    "pyhanko-reserved": "pyHanko, the same, `bytes_reserved` given",
}
RATE = 0.95
CHECK = 0.05


def render(facts: Results) -> str:
    """The whole part between the markers."""
    parts = [machine(facts)]
    parts += [_values(name, measured) for name, measured in facts["values"].items()]
    parts += [_pdf(measured) for measured in facts["pdf"].values()]
    return "\n\n".join([*parts, _goals(facts)])


def _values(name: str, measured: Results) -> str:
    rows = [
        [
            title,
            milliseconds(one["first"]),
            milliseconds(one["from_start"]),
            f"{one['from_start_times_bare']:.2f}",
            *_rate(one),
        ]
        for tool, title in VALUES.items()
        for one in (measured["tools"][tool],)
    ]
    unchecked = measured["unchecked"]
    rows.append(["… the value not checked", "", "", "", *_rate(unchecked)])
    columns = ["", "first, ms", "with the start, ms", "÷ bare", "further, ms", "signatures/s", "of the bare rate"]
    return "\n\n".join(
        [
            f"### Values, {name}",
            table(columns, rows),
            f"Leaving the check out saves {unchecked['saved']:.1%} of a signature's time. Done by itself, again and "
            f"again, the check takes {unchecked['alone']:.1%} of it.",
        ]
    )


def _rate(one: Results) -> list[str]:
    return [milliseconds(one["further"]), f"{1 / one['further']:,.0f}", f"{one['rate_of_bare']:.1%}"]


def _pdf(measured: Results) -> str:
    rows = []
    for tool, title in PDF.items():
        if (one := measured["sign"].get(tool)) is None:
            rows.append([title, "failed" if tool in measured["failed"] else "absent", "", "", ""])
            continue
        ratios = [
            f"{one['times'][other]:.2f}" if other in one["times"] else ""
            for other in ("floor", "pyhanko", "pyhanko-reserved")
        ]
        rows.append([title, milliseconds(one["wall"]), *ratios])
    columns = ["", "time, ms", "÷ floor", "÷ pyhanko", "÷ pyhanko, size given"]
    parts = [f"### Signing a PDF of {measured['bytes']:,} bytes, RSA-2048", table(columns, rows)]
    if measured["failed"]:
        failed = (f"{tool} ({why.rstrip('.')})" for tool, why in measured["failed"].items())
        parts.append("Failed: " + "; ".join(failed) + ".")
    return "\n\n".join(parts)


def _goals(facts: Results) -> str:
    """Those for values are for RSA-2048, which is what JPKI has."""
    rows = []
    if (measured := facts["values"].get("RSA-2048")) is not None:
        rate, check = measured["tools"]["jitsuin"]["rate_of_bare"], measured["unchecked"]["saved"]
        rows.append([f"values: {RATE:.0%} of the bare loop's rate", f"{rate:.1%} {_verdict(rate >= RATE)}"])
        rows.append([f"values: the check under {CHECK:.0%} of the time", f"{check:.1%} {_verdict(check < CHECK)}"])
    for measured in facts["pdf"].values():
        for tool, title in (("jitsuin", "adapter alone"), ("jitsuin-file", "`sign_file`")):
            for other, how in (("pyhanko", ""), ("pyhanko-reserved", " told the size")):
                if (ratio := measured["sign"][tool]["times"].get(other)) is not None:
                    rows.append([f"PDF, {title}: not slower than pyHanko{how}", held(ratio, ratio <= 1)])
    return "### Goals\n\n" + table(["", ""], rows)


def _verdict(holds: bool) -> str:
    return "holds" if holds else "**missed**"
