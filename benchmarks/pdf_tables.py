"""The measured numbers of PDF as Markdown."""

from __future__ import annotations

from tables import Results, held, machine, measurements, table, whole_processes

TITLES = {
    "sign": {
        "floor": "floor: read, SHA-256, one RSA signature, write",
        "jitsuin": "**Jitsuin**, adapter alone",
        "jitsuin-checked": "**Jitsuin**, adapter, and its output verified (step 10)",
        "jitsuin-file": "**Jitsuin**, `sign_file`, revocation by CRL",
        "pyhanko": "pyHanko, `PdfSigner`, ready key object",
        "pyhanko-reserved": "pyHanko, the same, `bytes_reserved` given",
        "endesive": "endesive",
        "rustpdf": "rustpdf",
        "pdfsignerpy": "pdfsignerpy",
        "pdfbox": "PDFBox, warm",
        "pdfbox-cold": "PDFBox, whole process",
    },
    "verify": {
        "floor": "floor: read, SHA-256, one RSA verification",
        "jitsuin": "**Jitsuin**, adapter alone",
        "jitsuin-file": "**Jitsuin**, `verify_file`, revocation by CRL",
        "pyhanko": "pyHanko, `validate_pdf_signature`",
        "pdfsignerpy": "pdfsignerpy",
        "pdfsig": "pdfsig, whole process",
    },
}
KINDS = {"few": "few objects", "objects": "170,000 objects in object streams", "fields": "2,000 form fields"}


def render(facts: Results) -> str:
    """The whole part between the markers."""
    parts = [machine(facts)]
    for operation, heading in (("sign", "Signing"), ("verify", "Verifying")):
        parts += [_operation(measured, operation, heading) for measured in facts["results"].values()]
    parts += [whole_processes(facts), _goals(facts)]
    return "\n\n".join(parts)


def _operation(measured: Results, operation: str, heading: str) -> str:
    parts = [f"### {heading} a PDF of {measured['bytes']:,} bytes, {KINDS[measured['kind']]}"]
    failed = measured["failed"] if operation == "sign" else {}
    parts.append(measurements(measured[operation], TITLES[operation], "pyhanko", failed))
    if failed:
        parts.append("Failed: " + "; ".join(f"{tool} ({why.rstrip('.')})" for tool, why in failed.items()) + ".")
    return "\n\n".join(parts)


def _goals(facts: Results) -> str:
    """The goals are for the adapter, one of them also with step 10; the other ratios are for reading."""
    results = {name: measured["sign"] for name, measured in facts["results"].items()}
    tools = ("jitsuin", "jitsuin-checked", "jitsuin-file")
    rows = []

    def add(goal: str, values: list[float], bounds: list[float | None], *, least: bool) -> None:
        cells = [
            f"{value:.2f}" if bound is None else held(value, value >= bound if least else value <= bound)
            for value, bound in zip(values, bounds, strict=True)
        ]
        rows.append([goal, *cells])

    for name, bounds in (
        ("50KB", [20.0, 5.0, None]),
        ("20MB-objects", [3.0, None, None]),
        ("20MB-fields", [3.0, None, None]),
    ):
        for other, how in (("pyhanko", ""), ("pyhanko-reserved", " told the size")):
            if name in results and other in results[name]:
                ratios = [1 / results[name][tool]["times"][other] for tool in tools]
                goal = f"{bounds[0]:g} times faster than pyHanko{how}"
                goal += f", {bounds[1]:g} times with step 10" if bounds[1] else ""
                add(f"{name}: {goal}", ratios, bounds, least=True)
    for name, bound in (("50KB", 5.0), ("200MB", 3.0)):
        if name in results:
            ratios = [results[name][tool]["times"]["floor"] for tool in tools]
            add(f"{name}: within {bound:g} times the floor", ratios, [bound, None, None], least=False)
    if "200MB" in results:
        peaks = [results["200MB"][tool]["peak_kb"] / 1024 for tool in tools]
        add("200MB: in 62 MiB", peaks, [62.0, None, None], least=False)
    cpu = {name.partition(" of ")[0]: one["cpu"] for name, one in facts["start_up"].items()}
    if (theirs := cpu.get("`pyhanko sign addsig pkcs12`")) is not None:
        ratio = cpu["`jitsuin sign`"] / theirs
        rows.append(["`jitsuin sign` in half the CPU time of `pyhanko sign addsig`", "", "", held(ratio, ratio <= 0.5)])
    columns = ["", "adapter alone", "with step 10", "`sign_file`, or the command"]
    return "### Goals\n\n" + table(columns, rows)
