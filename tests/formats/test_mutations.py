"""Random damage and random documents: VALID only where the canonical content is the same, by the JDK's judgement."""

from __future__ import annotations

import random

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from jitsuin.formats.profiles import PROFILES, Chain
from jitsuin.samples.documents import pension_certificate

SMALL_RETURN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- 注 --><DATA id="DATA" xmlns="http://xml.e-tax.nta.go.jp/XSD/shotoku"'
    ' xmlns:gen="http://xml.e-tax.nta.go.jp/XSD/general" xml:lang="ja">\n  <RKO0010 VR="25.0.0" id="RKO0010">\n'
    '    <CATALOG id="CATALOG"/>\n    <CONTENTS id="CONTENTS"><IT a="1" b=\'"\'>'
    "<gen:name>見本　花子&amp;&#13;</gen:name><![CDATA[<x>]]><?pi x?></IT></CONTENTS>\n  </RKO0010>\n</DATA>\n"
).encode()


def mutants(data: bytes, count: int, seed: int) -> list[bytes]:
    """One change each, spread evenly: a bit, a byte gone, a byte of markup more, two bytes swapped, a piece twice."""
    chance = random.Random(seed)  # noqa: S311 - damage, not keys
    made = []
    for number in range(count):
        place = number * len(data) // count
        before, byte, behind = data[:place], data[place : place + 1], data[place + 1 :]
        made.append(
            chance.choice(
                (
                    before + bytes([byte[0] ^ 1 << chance.randrange(8)]) + behind,
                    before + behind,
                    before + bytes([chance.choice(b" \n\t\r<>/&\"'=;:xA0\0\xe3")]) + byte + behind,
                    before + behind[:1] + byte + behind[1:],
                    before + byte + before[-chance.randrange(1, 9) :] + behind,
                    before
                    + chance.choice((b"<!-- -->", b"<?x?>", b"<x/>", b' x=""', b"&#32;", b"&#10;"))
                    + byte
                    + behind,
                )
            )
        )
    return [mutant for mutant in made if mutant != data]


@pytest.mark.parametrize(
    ("profile", "data", "who", "count"),
    [
        ("etax", SMALL_RETURN, "valid", 2_000),
        ("etax", SMALL_RETURN, "p384", 1_000),
        ("certificate-xml", pension_certificate(), "valid", 1_000),
        ("xmldsig", SMALL_RETURN, "p384", 1_000),
        ("xmldsig", b"\xff\xfe" + SMALL_RETURN.decode().replace("UTF-8", "UTF-16").encode("utf-16-le"), "p384", 1_000),
        ("xades-b-b", SMALL_RETURN, "p384", 2_000),
    ],
)
def test_damage_is_noticed_wherever_it_changes_something(profile, data, who, count, desk, bench, party) -> None:
    signed = desk.sign(data, party(who), profile, chain=Chain.LEAF)
    format_name, properties = PROFILES[profile].format, PROFILES[profile].xades
    assert desk.verdict(signed, format_name).passed
    changed = mutants(signed, count, seed=len(signed))
    harmless = 0
    for mutant in changed:
        (finding, *more) = desk.findings(mutant, format_name)
        if more or not finding.verdict.passed:
            continue
        if finding.certificate != party(who).certificate:
            assert not properties, "which name the certificate"
            # The key is the same and the rest of the certificate is not: the pipeline judges that, by its issuer.
            with pytest.raises((InvalidSignature, ValueError)):
                finding.certificate.verify_directly_issued_by(party(who).issuers[0])
            continue
        # White space inside the padding of base64 is too much for the JDK.
        assert bench.jdk.verify(mutant).ok or bench.xmlsec1.verify(mutant).ok, mutant
        harmless += 1
    # Blanks in tags and base64, comments, the end of the document: some must be harmless, and few can be.
    assert 0 < harmless < len(changed) / 6


# Random documents

NAMES = st.sampled_from(["a", "b", "申告", "x-y.z", "xmlnsa", "_1"])
PREFIXES = st.sampled_from(["", "p", "q", "xsi", "税"])
URIS = st.sampled_from(["urn:1", "urn:2", "urn:3", "http://example.invalid/?a=1;b=%22'"])
TEXT = st.text(
    st.one_of(
        st.sampled_from("\t\n\r <>&'\"]]>　見本"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=0x20),
    ),
    max_size=12,
)


def escaped(text: str, references: list[bool], quote: bool = False) -> str:
    """Markup escaped; line ends raw or as references, as the coin falls."""
    marks = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    coin = iter(references * (len(text) + 1))
    odd = ("\t\n\r" + "\x85\u2028") if quote else "\r"
    return "".join(f"&#{ord(c)};" if c in odd and next(coin) else marks.get(c, c) for c in text)


@st.composite
def trees(draw: st.DrawFn, depth: int = 0, scope: tuple[str, ...] = ()) -> str:
    """An element with declarations, attributes and content; prefixes are declared somewhere above."""
    declared = draw(st.dictionaries(PREFIXES, URIS, max_size=2))
    if draw(st.booleans()):
        declared.setdefault("", "")
    usable = sorted({*scope, *declared} - {""})
    prefix = draw(st.sampled_from(["", *usable]))
    name = f"{prefix}:{draw(NAMES)}" if prefix else draw(NAMES)
    coins = draw(st.lists(st.booleans(), min_size=1, max_size=4))
    attributes = {f"xmlns{':' if p else ''}{p}": uri for p, uri in declared.items()}
    for local in draw(st.lists(NAMES, max_size=3, unique=True)):
        own = draw(st.sampled_from(["", *usable]))
        # Two prefixes may stand for one namespace, so that a name would come twice: number them.
        attributes[f"{own}:{local}{len(attributes)}" if own else local] = draw(TEXT)
    if depth == 0 and draw(st.booleans()):
        attributes["xml:lang"] = "ja"
    written = "".join(f' {key}="{escaped(value, coins, quote=True)}"' for key, value in attributes.items())
    if depth >= 3:
        return f"<{name}{written}/>"
    inner = trees(depth + 1, tuple(usable))
    piece = st.one_of(
        inner,
        TEXT.map(lambda text: escaped(text, coins)),
        st.sampled_from(["<!-- c -->", "<?pi  d ?>", "<![CDATA[<]]>"]),
    )
    return f"<{name}{written}>{''.join(draw(st.lists(piece, max_size=4)))}</{name}\n>"


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    around = st.sampled_from(["", "<?a b?>", "<!-- <r> -->", "\n", "<?c?><!-- -->\r\n<?d  e?>"])
    root = draw(trees())
    inner = (
        f'<r xmlns:z="urn:z"><t id="T">{root}</t>{draw(trees())}</r>'
        if draw(st.booleans())
        else f'<r id="T">{root}</r>'
    )
    return (draw(around) + inner + draw(around)).encode()


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=documents(), whole=st.booleans(), prefix=st.sampled_from(["ds", "p", None]))
def test_random_documents(data, whole, prefix, desk, jdk, party) -> None:
    etree.fromstring(data)  # what is drawn is well formed, or the test is worth nothing
    references = () if whole else ("T",)
    signed = desk.sign(data, party("valid"), "xmldsig", references=references, prefix=prefix, chain=Chain.LEAF)
    assert desk.verdict(signed, "xmldsig").passed
    assert jdk.verify(signed).ok


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=documents())
def test_random_documents_by_xmlsec1(data, desk, bench, party) -> None:
    bench.accept(desk.sign(data, party("p384"), "xmldsig", references=("T",)), "xmldsig")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_any_bytes_get_a_verdict(data, desk) -> None:
    for format_name in ("etax", "certificate-xml", "xmldsig"):
        assert desk.sniff(data, format_name) in (True, False)
        assert not desk.verdict(data, format_name).passed
