"""The measured numbers of XML as Markdown."""

from __future__ import annotations

from tables import Results, held, machine, measurements, table, whole_processes

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


def render(facts: Results) -> str:
    """The whole part between the markers."""
    parts = [machine(facts)]
    for operation, heading in (("sign", "Signing"), ("verify", "Verifying")):
        parts += [_operation(facts, size, operation, heading) for size in facts["results"]]
    parts += [whole_processes(facts), _goals(facts["results"])]
    return "\n\n".join(parts)


def _operation(facts: Results, size: str, operation: str, heading: str) -> str:
    measured = facts["results"][size]
    rows = measurements(measured[operation], TITLES[operation], "signxml")
    return f"### {heading} {measured['bytes']:,} bytes\n\n" + rows


def _goals(results: Results) -> str:
    """Which goals hold for the adapter alone (the job that the others do), with step 10, and for the whole flow."""
    rows = []
    signers = ("jitsuin", "jitsuin-checked", "jitsuin-file-crl")
    for size, factor in (("20KB", 1.5), ("1MB", 1.5), ("50MB", 2.0)):
        if size not in results or "signxml" not in results[size]["sign"]:
            continue
        signed = results[size]["sign"]
        if size != "50MB":
            ratios = (signed[tool]["times"]["floor"] for tool in signers)
            rows.append([f"sign {size} within 1.5 times the floor", *(held(r, r <= 1.5) for r in ratios)])
        ratios = (1 / signed[tool]["times"]["signxml"] for tool in signers)
        rows.append([f"sign {size} {factor:g} times faster than signxml", *(held(r, r >= factor) for r in ratios)])
        if size == "50MB":
            ratios = (signed[tool]["peak_kb"] / signed["signxml"]["peak_kb"] for tool in signers)
            rows.append(["sign 50MB in half of signxml's memory", *(held(r, r <= 0.5) for r in ratios)])
    for size in results:
        verified = results[size]["verify"]
        if "signxml" in verified:
            ratio, whole = (1 / verified[tool]["times"]["signxml"] for tool in ("jitsuin", "jitsuin-file-crl"))
            cells = [held(ratio, ratio >= 1.5), "", held(whole, whole >= 1.5)]
            rows.append([f"verify {size} 1.5 times faster than signxml", *cells])
    columns = ["", "adapter alone", "with step 10", "`sign_file` or `verify_file`, with CRL"]
    return "### Goals\n\n" + table(columns, rows)
