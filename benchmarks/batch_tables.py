"""The measured numbers of folders as Markdown."""

from __future__ import annotations

from tables import Results, held, machine, milliseconds, table

TITLES = {
    "floor": "floor: a loop of read, SHA-256, one RSA signature, write",
    "jitsuin": "**Jitsuin**, `sign DIR`, its own number of processes",
    "jitsuin-1": "**Jitsuin**, `--jobs 1`",
    "pyhanko": "pyHanko, a loop over `PdfSigner`",
    "pyhanko+": "the same loop, which verifies what it has written",
    "signxml": "signxml, a loop",
    "signxml+": "the same loop, which verifies what it has written",
}
KINDS = {"pdf": ("pyhanko", "PDFs of 50 KB", 8.0), "xml": ("signxml", "returns of 20 KB", 1.7)}
PARENT_MIB = 200
SECOND_CORE = 1.8
SLACK = 0.02


def render(facts: Results) -> str:
    """The whole part between the markers."""
    results = facts["results"]
    parts = [machine(facts)]
    parts += [_speed(name, results[name]) for name in KINDS if name in results]
    parts += [_verifying(results["verify"])] if "verify" in results else []
    parts += [_slow(results["slow"])] if "slow" in results else []
    parts += [_mass(results["mass"])] if "mass" in results else []
    return "\n\n".join([*parts, _goals(results)])


def _speed(name: str, measured: Results) -> str:
    other, title, _ = KINDS[name]
    rows = []
    for tool in ("floor", "jitsuin", "jitsuin-1", other, f"{other}+"):
        if (one := measured["tools"].get(tool)) is None:
            rows.append([TITLES[tool], "absent", "", "", "", "", "", ""])
            continue
        seconds, times = one["seconds"], one["times"]
        rows.append(
            [
                TITLES[tool],
                f"{seconds:.2f}",
                f"{measured['files'] / seconds:,.0f}",
                milliseconds(seconds / measured["files"]),
                milliseconds(one["cpu"] / measured["files"]),
                f"{times['floor']:.2f}",
                f"{1 / times[other]:.2f}" if other in times else "",
                f"{1 / times[f'{other}+']:.2f}" if f"{other}+" in times else "",
            ]
        )
    columns = [
        "",
        "seconds",
        "files/s",
        "ms a file",
        "CPU, ms a file",
        "÷ floor",
        f"× {other}",
        f"× {other}, verifying",
    ]
    rounds = "1 round" if measured["rounds"] == 1 else f"{measured['rounds']} rounds"
    return f"### Signing {measured['files']:,} {title}, {rounds}\n\n" + table(columns, rows)


def _verifying(measured: Results) -> str:
    titles = {"one": "on one core, `--jobs 1`", "all": "on all cores"}
    rows = []
    for tool, title in titles.items():
        seconds, cpu = measured["tools"][tool]["seconds"], measured["tools"][tool]["cpu"]
        each = milliseconds(cpu / measured["files"])
        rows.append([title, f"{seconds:.2f}", f"{measured['files'] / seconds:,.0f}", each])
    columns = ["", "seconds", "files/s", "CPU, ms a file"]
    return f"### Verifying the {measured['files']:,} signed files\n\n" + table(columns, rows)


def _slow(measured: Results) -> str:
    bare = measured["files"] * measured["signature_ms"] / 1000
    rows = [
        [f"{measured['files']} signatures of {measured['signature_ms']} ms, nothing else", f"{bare:.2f}", ""],
        ["**Jitsuin**, the whole command", f"{measured['seconds']:.2f}", f"{measured['seconds'] - bare:+.2f}"],
    ]
    return "### A slow card, files of 5 to 500 KB\n\n" + table(["", "seconds", "more"], rows)


def _mass(measured: Results) -> str:
    rows = []
    for name, run in measured["runs"].items():
        tenths = run["tenths_kb"]
        rows.append(
            [
                f"`{name}`",
                f"{run['seconds']:.1f}",
                f"{run['rate']:,.0f}",
                _mebibytes(run["parent_kb"]),
                ", ".join(_mebibytes(tenths[at]) for at in (0, 4, 8)) if tenths else "",
                _mebibytes(run["all_kb"]),
            ]
        )
    columns = ["", "seconds", "files/s", "parent's peak, MiB", "after 10, 50 and 90 %", "all processes, MiB"]
    heading = f"### {measured['files']:,} files of 5 to 500 KB, {measured['bytes'] / 1e9:.2f} GB in all"
    reasons = ", ".join(f"`{reason}` {count}" for reason, count in measured["reasons"].items())
    words = [
        f"All {measured['broken']} broken files were named with a reason: {reasons}.",
        f"The other {measured['files'] - measured['broken']:,} outputs are VALID for `jitsuin verify`; "
        + ", ".join(f"{program} accepts a sample of {n}" for program, n in measured["judged"].items())
        + ", each all of it, and refuses one in which a bit was changed.",
    ]
    return "\n\n".join([heading, table(columns, rows), *words])


def _mebibytes(kilobytes: int) -> str:
    return f"{kilobytes / 1024:,.0f}" if kilobytes else ""


def _goals(results: Results) -> str:
    rows = []
    for name, (other, title, factor) in KINDS.items():
        for loop, words in ((f"{other}+", "that verifies, too"), (other, "that does not")):
            if name in results and loop in results[name]["tools"]:
                ratio = 1 / results[name]["tools"]["jitsuin"]["times"][loop]
                goal = f"{title}: {factor:g} times as fast as a loop over {other} {words}"
                rows.append([goal, held(ratio, ratio >= factor)])
    if "verify" in results:
        ratio = results["verify"]["tools"]["one"]["times"]["all"]
        rows.append([f"verifying: {SECOND_CORE} times as fast with the second core", held(ratio, ratio >= SECOND_CORE)])
    if "slow" in results:
        one = results["slow"]
        bare = one["files"] * one["signature_ms"] / 1000
        limit = bare * (1 + SLACK) + 1
        word = "holds" if one["seconds"] <= limit else "**missed**"
        rows.append([f"slow card: {limit:.1f} s at most", f"{one['seconds']:.1f} s {word}"])
    if "mass" in results and results["mass"]["runs"]["sign"]["parent_kb"]:
        for name, run in results["mass"]["runs"].items():
            mebibytes = run["parent_kb"] / 1024
            word = "holds" if mebibytes < PARENT_MIB else "**missed**"
            rows.append([f"`{name}` of many: the parent under {PARENT_MIB} MiB", f"{mebibytes:.0f} MiB {word}"])
    return "### Goals\n\n" + table(["", ""], rows)
