"""The measured numbers of the card as Markdown."""

from __future__ import annotations

from typing import Any

from tables import Results, held, machine, milliseconds, table

TITLES = {
    "card": "the card's own commands, nothing else",
    "jitsuin": "**Jitsuin**",
    "opensc": "OpenSC through PKCS#11",
    "opensc-jpki": "OpenSC, `card_drivers = jpki`",
}
COUNTED = {
    "command": "**`jitsuin sign`**, the CA trusted here",
    "library-unread": "**Jitsuin**, the CA certificate not looked at",
    "library-known": "**Jitsuin**, the CA certificate recognised",
    "library-unknown": "**Jitsuin**, a CA certificate never seen before",
    "opensc": "OpenSC through PKCS#11",
    "opensc-jpki": "OpenSC, `card_drivers = jpki`",
}
APDUS_TO_FIRST = 13
FIRST_SHARE = 1 / 3
RATE = 0.99


def render(facts: Results) -> str:
    """The whole part between the markers."""
    parts = [machine(facts), _apdus(facts["apdus"])]
    parts += [_speed(measured) for measured in facts["results"].values()]
    return "\n\n".join([*parts, _goals(facts)])


def _apdus(counts: Results) -> str:
    rows = []
    for name, title in COUNTED.items():
        one = counts.get(name)
        rows.append([title, "absent", ""] if one is None else [title, f"{one['first']:g}", f"{one['further']:g}"])
    return "### APDUs\n\n" + table(["", "to the first signature", "for each further one"], rows)


def _speed(measured: Results) -> str:
    rows = []
    for name, title in TITLES.items():
        if (one := measured["tools"].get(name)) is None:
            rows.append([title, "absent", "", "", "", "", ""])
            continue
        rows.append(
            [
                title,
                milliseconds(one["first"]),
                _ratio(one["first_times"], "opensc"),
                _ratio(one["first_times"], "opensc-jpki"),
                milliseconds(one["further"]),
                f"{1 / one['further']:,.{0 if one['further'] < 0.1 else 2}f}",
                f"{one['rate_of_card']:.1%}",
            ]
        )
    heading = f"{measured['apdu_ms']:g} ms an APDU, {measured['signature_ms']:g} ms more a signature"
    columns = ["", "first, ms", "÷ OpenSC", "÷ OpenSC `jpki`", "further, ms", "signatures/s", "of the card's rate"]
    return f"### {heading}\n\n" + table(columns, rows)


def _ratio(times: Results, other: str) -> str:
    return f"{times[other]:.2f}" if other in times else ""


def _goals(facts: Results) -> str:
    counts: Any = facts["apdus"]["command"]
    rows = [
        [f"{APDUS_TO_FIRST} APDUs or fewer to the first signature", _count(counts["first"], APDUS_TO_FIRST)],
        ["1 APDU for each further one", _count(counts["further"], 1)],
    ]
    for name, measured in facts["results"].items():
        own = measured["tools"]["jitsuin"]
        latency = "zero latency" if name == "zero" else "15 ms and 350 ms"
        for other, title in (("opensc", "OpenSC"), ("opensc-jpki", "OpenSC `jpki`")):
            if other in own["first_times"]:
                ratio = own["first_times"][other]
                rows.append([f"{latency}: a third of {title}'s time to the first", held(ratio, ratio <= FIRST_SHARE)])
        rate = own["rate_of_card"]
        rows.append([f"{latency}: 99 % of the card's own rate", f"{rate:.1%} " + held(rate, rate >= RATE).split()[1]])
    return "### Goals\n\n" + table(["", ""], rows)


def _count(count: float, most: int) -> str:
    return f"{count:g} {'holds' if count <= most else '**missed**'}"
