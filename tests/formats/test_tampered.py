"""Copies of accepted files, each changed in one way: refused with the right sub-indication, or the change is named."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from jitsuin.formats.profiles import Chain
from jitsuin.samples.documents import HANAKO, consumption_tax_return, income_tax_return, pension_certificate

INCOME = income_tax_return()
CONSUMPTION = consumption_tax_return()
CERTIFICATE = pension_certificate()
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Signed:
    """A file that everybody accepts, and where a thing of its own content can be found in it."""

    format: str
    data: bytes
    count: int
    text: bytes
    """A person's name with its end tag."""
    identifier: bytes


KINDS = {
    # name: format, document, Id of what is signed
    "return": ("etax", INCOME, "RKO0010"),
    "return by two": ("etax", INCOME, "RKO0010"),
    "return with attachment": ("etax", CONSUMPTION, "SOZ074-1"),
    "certificate": ("certificate-xml", CERTIFICATE, "TEG84020251020000000000001"),
    "whole document": ("xmldsig", INCOME, "CONTENTS"),
    "element by Id": ("xmldsig", INCOME, "CONTENTS"),
    "ECDSA": ("etax", INCOME, "RKO0010"),
}
ATTRIBUTE = b'page="1"'


def text_of(data: bytes) -> bytes:
    match = re.search(HANAKO.name.encode() + rb"</[^>]*>", data)
    assert match
    return match[0]


@pytest.fixture(scope="module")
def signed_files(desk, party) -> Mapping[str, Signed]:
    made = {}
    for kind, (format_name, data, identifier) in KINDS.items():
        who = party("p384" if kind == "ECDSA" else "valid")
        changes = {"references": ("CONTENTS",)} if kind == "element by Id" else {}
        changes |= {"attachments": True} if kind == "return with attachment" else {}
        signed = desk.sign(data, who, format_name, **changes)
        if kind == "return by two":
            signed = desk.sign(signed, party("second"), format_name)
        count = 2 if kind in ("return by two", "return with attachment") else 1
        made[kind] = Signed(format_name, signed, count, text_of(data), f'id="{identifier}"'.encode())
    return made


@pytest.fixture(params=KINDS)
def signed(request, signed_files) -> Signed:
    return signed_files[request.param]


def once(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace the first, and be sure that there is one."""
    assert old in data, old
    return data.replace(old, new, 1)


def flipped(data: bytes, element: str) -> bytes:
    """One bit of the first such base64 text."""
    match = re.search(rb"<(?:\w+:)?%s>([^<]+)<" % element.encode(), data)
    assert match
    octets = bytearray(base64.b64decode(match[1]))
    octets[len(octets) // 2] ^= 1
    return data[: match.start(1)] + base64.b64encode(octets) + data[match.end(1) :]


def test_the_controls_pass(signed, bench) -> None:
    bench.accept(signed.data, signed.format, count=signed.count)


def before_text(insertion: bytes) -> Callable[[Signed], bytes]:
    return lambda signed: once(signed.data, signed.text, insertion + signed.text)


def after_attribute(insertion: bytes) -> Callable[[Signed], bytes]:
    return lambda signed: once(signed.data, ATTRIBUTE, ATTRIBUTE + insertion)


def replaced(pattern: bytes, replacement: bytes) -> Callable[[Signed], bytes]:
    """The first match."""
    return lambda signed: re.sub(pattern, replacement, signed.data, count=1)


ROOT = rb"<(DATA|TEG840) "
HASH, CRYPTO, ANY = "HASH_FAILURE", "SIG_CRYPTO_FAILURE", ""
CHANGES: dict[str, tuple[Callable[[Signed], bytes], str]] = {
    "text": (before_text("別".encode()), HASH),
    "a blank in a text": (before_text(b" "), HASH),
    "a line feed between elements": (replaced(rb"(<CONTENTS [^>]*>|<WOB00000[^>]*>|</gen:yy>)", rb"\1\n"), HASH),
    "attribute": (lambda s: once(s.data, ATTRIBUTE, ATTRIBUTE[:-1] + b'9"'), HASH),
    "attribute removed": (lambda s: once(s.data, ATTRIBUTE, b""), HASH),
    "attribute added": (after_attribute(b' neu=""'), HASH),
    "attribute whose name begins with xmlns added": (after_attribute(b' xmlns-neu=""'), HASH),
    "xml:lang added": (after_attribute(b' xml:lang="ja"'), HASH),
    "xml:lang added to the root": (replaced(ROOT, rb'<\1 xml:lang="ja" '), HASH),
    "namespace added to the root": (replaced(ROOT, rb'<\1 xmlns:neu="urn:a" '), HASH),
    "default namespace changed": (replaced(rb'( xmlns="http[^"]*)"', rb'\1-"'), ANY),
    "instruction inside": (before_text(b"<?neu?>"), HASH),
    "element inside": (before_text(b"<neu/>"), HASH),
    "DigestValue": (lambda s: flipped(s.data, "DigestValue"), HASH),
    "SignatureValue": (lambda s: flipped(s.data, "SignatureValue"), CRYPTO),
    "SignatureValue emptied": (replaced(rb"(SignatureValue>)[^<]+", rb"\1"), CRYPTO),
    "SignatureValue cut short": (replaced(rb"(SignatureValue>)[^<]{4}", rb"\1"), CRYPTO),
    "white space in SignedInfo": (replaced(rb"(<\w+:SignedInfo>)", rb"\1 "), CRYPTO),
    "Ids twice": (lambda s: once(s.data, s.text, b"<neu " + s.identifier + b"/>" + s.text), ANY),
    "Ids twice, by another attribute": (
        lambda s: once(s.data, s.text, b"<neu I" + s.identifier[1:].replace(b"D=", b"d=") + b"/>" + s.text),
        ANY,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed(change, signed, bench) -> None:
    make, expected = CHANGES[change]
    altered = make(signed)
    assert altered != signed.data
    verdict = bench.refuse(altered, signed.format)
    assert verdict.sub_indication == (expected or verdict.sub_indication)
    assert verdict.indication == "TOTAL_FAILED"


def test_two_equal_ids_are_named_as_such(signed, desk) -> None:
    altered = once(signed.data, signed.text, b"<neu " + signed.identifier + b"/>" + signed.text)
    assert desk.verdict(altered, signed.format).reason == "duplicate-id"


def test_certificate_of_another(signed, bench, party) -> None:
    other = party("p256" if b"ecdsa" in signed.data else "phone")
    der = base64.b64encode(other.certificate.public_bytes(Encoding.DER))
    altered = re.sub(rb"(X509Certificate>)[^<]+(</\w+:X509Certificate>)", rb"\1" + der + rb"\2", signed.data, count=1)
    verdict = bench.refuse(altered, signed.format)
    assert verdict.reason in ("value-differs", "signer-ambiguous")
    leaf_only = re.sub(rb"(<\w+:X509Data>).*?(</\w+:X509Data>)", rb"\1\2", altered, flags=re.DOTALL)
    prefix = re.search(rb"<(\w+):X509Data>", altered)[1]
    one = b"<%b:X509Certificate>%b</%b:X509Certificate>" % (prefix, der, prefix)
    swapped = leaf_only.replace(b"<%b:X509Data>" % prefix, b"<%b:X509Data>" % prefix + one)
    assert bench.refuse(swapped, signed.format).sub_indication == CRYPTO


@pytest.mark.parametrize("kind", ["return", "certificate", "whole document", "element by Id"])
def test_signature_of_another_file(kind, signed_files, desk, bench, party) -> None:
    """A right signature by the same person, but over a document that differs in one character."""
    pattern = re.compile(rb"<(\w+):SignedInfo>.*?</\1:SignatureValue>", re.DOTALL)
    format_name, data, _ = KINDS[kind]
    other = once(data, text_of(data), b"x" + text_of(data))
    changes = {"references": ("CONTENTS",)} if kind == "element by Id" else {}
    match = pattern.search(desk.sign(other, party("valid"), format_name, **changes))
    assert match
    transplanted = pattern.sub(lambda _: match[0], signed_files[kind].data, count=1)
    assert bench.refuse(transplanted, format_name).sub_indication == "HASH_FAILURE"


def test_stripped(signed, desk) -> None:
    bare = re.sub(rb"<(\w+):Signature .*?</\1:Signature>", b"", signed.data, flags=re.DOTALL)
    assert b"Signature" not in bare
    verdict = desk.verdict(bare, signed.format)
    assert (verdict.sub_indication, verdict.reason) == ("FORMAT_FAILURE", "no-signature")


def test_signature_in_a_strange_namespace(signed, desk) -> None:
    altered = signed.data.replace(b'http://www.w3.org/2000/09/xmldsig#"', b'http://www.w3.org/2000/09/xmldsig#2"')
    assert desk.verdict(altered, signed.format).reason in ("no-signature", "beside-procedure")


# Wrapping: a right signature over the wrong thing


def parts(signed: bytes, prefix: str = "dsig") -> tuple[bytes, bytes, bytes, bytes]:
    """What stands before the procedure element, itself, what follows it, and the first Signature."""
    match = re.fullmatch(rb"(.*<DATA [^>]*>\s*)(<RKO0010 .*</RKO0010>)(.*)", signed, re.DOTALL)
    assert match
    signature = re.search(
        rb"<%s:Signature .*?</%s:Signature>" % (prefix.encode(), prefix.encode()), match[3], re.DOTALL
    )
    assert signature
    return match[1], match[2], match[3], signature[0]


FORGED = b'<RKO0010 VR="25.0.0" id="FORGED"><CONTENTS id="C"><IT/></CONTENTS></RKO0010>'
WRAPPED: dict[str, tuple[Callable[[bytes, bytes, bytes, bytes], bytes], str]] = {
    "a second procedure after the signatures": (lambda a, p, b, s: a + p + s + FORGED + b"</DATA>", "beside-procedure"),
    "a second procedure before the first": (lambda a, p, b, s: a + FORGED + p + b, "beside-procedure"),
    "moved aside, another Id in its place": (
        lambda a, p, b, s: a + FORGED + s + b"<x>" + p + b"</x></DATA>",
        "beside-procedure",
    ),
    "moved into an envelope in its place": (
        lambda a, p, b, s: a + b'<RKO0010 id="x">' + p + b"</RKO0010>" + b,
        "wrong-element-signed",
    ),
    "moved into an envelope without Id": (lambda a, p, b, s: a + b"<RKO0010>" + p + b"</RKO0010>" + b, "no-id"),
    "moved under TENPU of another": (
        lambda a, p, b, s: a + FORGED.replace(b"</CONT", b"<TENPU>" + p + b"</TENPU></CONT") + b,
        "wrong-element-signed",
    ),
    "moved under TENPU with its signature": (
        lambda a, p, b, s: a + FORGED.replace(b"</CONT", b"<TENPU><x>" + p + s + b"</x></TENPU></CONT") + b"</DATA>",
        "signature-misplaced",
    ),
    "moved into the signature's Object": (
        lambda a, p, b, s: (
            a
            + FORGED
            + s.replace(b"</dsig:Signature>", b"<dsig:Object>" + p + b"</dsig:Object></dsig:Signature>")
            + b"</DATA>"
        ),
        "wrong-element-signed",
    ),
    "moved into KeyInfo": (
        lambda a, p, b, s: a + FORGED + s.replace(b"</dsig:KeyInfo>", p + b"</dsig:KeyInfo>") + b"</DATA>",
        "wrong-element-signed",
    ),
    "moved aside with the same Id in its place": (
        lambda a, p, b, s: a + FORGED.replace(b"FORGED", b"RKO0010") + s + b"<x>" + p + b"</x></DATA>",
        "duplicate-id",
    ),
    "the signature first": (lambda a, p, b, s: a + s + p + b"</DATA>", "no-procedure"),
    "the signature in CONTENTS": (
        lambda a, p, b, s: a + p.replace(b"</CONTENTS>", s + b"</CONTENTS>") + b"</DATA>",
        "signature-misplaced",
    ),
    "the signature in the procedure": (
        lambda a, p, b, s: a + p.replace(b"</RKO0010>", s + b"</RKO0010>") + b"</DATA>",
        "signature-misplaced",
    ),
    "the signature in another signature": (
        lambda a, p, b, s: (
            a
            + p
            + s
            + s.replace(
                b"</dsig:KeyInfo>",
                b"</dsig:KeyInfo><dsig:Object>" + s.replace(b' Id="_', b' Id="__') + b"</dsig:Object>",
            ).replace(b' Id="_', b' Id="_2', 1)
            + b"</DATA>"
        ),
        "signature-misplaced",
    ),
    "another root": (
        lambda a, p, b, s: (a + p + b).replace(b"<DATA ", b"<DATA2><DATA ").replace(b"</DATA>", b"</DATA></DATA2>"),
        "signature-misplaced",
    ),
}


@pytest.fixture(scope="module")
def return_signed(desk, party) -> bytes:
    return desk.sign(INCOME, party("valid"), "etax", chain=Chain.LEAF)


@pytest.mark.parametrize("attack", WRAPPED)
def test_wrapped_return(attack, return_signed, desk) -> None:
    assert desk.verdict(return_signed, "etax").passed
    before, procedure, behind, signature = parts(return_signed)
    assert before + procedure + behind == return_signed
    make, reason = WRAPPED[attack]
    verdict = desk.verdict(make(before, procedure, behind, signature), "etax")
    assert verdict.reason == reason
    assert verdict.indication == "TOTAL_FAILED"


def test_the_judges_accept_a_wrapped_return_and_we_do_not(return_signed, desk, jdk, xmlsec1) -> None:
    """Why the place is checked: the signature over the element that was moved aside is mathematically right."""
    before, procedure, _, signature = parts(return_signed)
    for wrapped in (
        before + FORGED + signature + b"<x>" + procedure + b"</x></DATA>",
        before + FORGED.replace(b"</CONT", b"<TENPU>" + procedure + b"</TENPU></CONT") + signature + b"</DATA>",
    ):
        assert jdk.verify(wrapped).ok
        assert xmlsec1.verify(wrapped).ok
        assert desk.verdict(wrapped, "etax").sub_indication == "SIG_CONSTRAINTS_FAILURE"
        (generic,) = desk.findings(wrapped, "xmldsig")
        assert generic.verdict.passed
        assert any(path.startswith("/DATA/RKO0010") for path in generic.uncovered)


def test_return_in_object_under_exclusive_canonicalisation(desk, jdk, party) -> None:
    """Exclusive C14N lets a signed element move where other namespaces are in scope."""
    signed = jdk.sign(
        INCOME, party("valid").pkcs12, "secret", uris=["#RKO0010"], transforms="c14n", c14n=EXCLUSIVE, prefix="dsig"
    )
    assert desk.verdict(signed, "etax").passed
    before, procedure, _, signature = parts(signed)
    wrapped = (
        before
        + FORGED
        + signature[: -len(b"</dsig:Signature>")]
        + b"<dsig:Object>"
        + procedure
        + b"</dsig:Object></dsig:Signature></DATA>"
    )
    assert jdk.verify(wrapped).ok
    assert desk.verdict(wrapped, "etax").reason == "wrong-element-signed"
    (generic,) = desk.findings(wrapped, "xmldsig")
    assert generic.covers == ("/DATA/Signature/Object/RKO0010",)
    assert "/DATA/RKO0010" in generic.uncovered


@pytest.mark.parametrize("part", ["CONTENTS", "CATALOG", "IT", "KOA020-1", "DATA"])
def test_return_signed_in_part_or_as_a_whole_by_id(part, desk, bench, party) -> None:
    signed = desk.sign(INCOME, party("valid"), "xmldsig", references=(part,), prefix="dsig")
    (control,) = bench.accept(signed, "xmldsig")
    assert (control.uncovered == ()) == (part == "DATA")
    assert desk.verdict(signed, "etax").reason == "wrong-element-signed"


def test_return_signed_with_something_besides(desk, bench, party) -> None:
    signed = desk.sign(INCOME, party("valid"), "xmldsig", references=("RKO0010", "IT"), prefix="dsig")
    bench.accept(signed, "xmldsig")
    assert desk.verdict(signed, "etax").reason == "wrong-element-signed"


def test_only_an_attachment_is_signed(desk, party) -> None:
    out = io.BytesIO()
    prepared = desk.prepare(CONSUMPTION, party("valid"), "etax", attachments=True)
    prepared.embed(party("valid").sign(prepared.to_be_signed, prepared.scheme), out)
    attachment, missing = desk.findings(out.getvalue(), "etax")
    assert attachment.verdict.passed
    assert missing.verdict.reason == "return-not-signed"
    assert missing.uncovered == ("/DATA/RSH0010",)
    assert desk.verdict(desk.sign(out.getvalue(), party("valid"), "etax"), "etax").passed


def test_attachment_whose_signature_covers_another(desk, party) -> None:
    """The signature of SOZ074 moved, with what it covers, below another SOZ."""
    signed = desk.sign(CONSUMPTION, party("valid"), "etax", attachments=True)
    soz = re.search(rb"<som:SOZ074 .*</som:SOZ074>", signed, re.DOTALL)[0]
    signature = re.search(rb"<dsig:Signature .*?</dsig:Signature>", soz, re.DOTALL)[0]
    moved = signed.replace(
        soz, soz.replace(signature, b"") + soz.replace(b"SOZ074-1", b"SOZ074-2").replace(b'"#SOZ074-2"', b'"#SOZ074-1"')
    )
    first, _ = desk.findings(moved, "etax")
    assert first.verdict.reason in ("wrong-element-signed", "enveloped-outside")


@pytest.mark.parametrize(
    ("addition", "path"),
    [(b"neu", "/DATA/text()"), (b"<!-- x -->neu", "/DATA/text()"), (b"<![CDATA[neu]]>", "/DATA/text()")],
)
def test_text_beside_the_return_is_named(addition, path, return_signed, desk) -> None:
    (control,) = desk.findings(return_signed, "etax")
    assert control.uncovered == ("/DATA/@id",)
    (finding,) = desk.findings(return_signed.replace(b"</DATA>", addition + b"</DATA>"), "etax")
    assert finding.uncovered == ("/DATA/@id", path)


# What stands beside what is covered, in any XML


def test_unsigned_sibling_is_named(desk, bench, party) -> None:
    signed = desk.sign(b'<r><t id="T">x</t></r>', party("valid"), "xmldsig", references=("T",))
    (control,) = bench.accept(signed, "xmldsig")
    assert control.uncovered == ()
    (finding,) = bench.accept(signed.replace(b"</r>", b'<t id="U">y</t></r>'), "xmldsig")
    assert finding.covers == ("/r/t[1]",)
    assert finding.uncovered == ("/r/t[2]",)


OBJECT = b'<ds:Object><t id="U">forged</t></ds:Object>'
LOADS = {
    "Object": (b"</ds:KeyInfo>", b"</ds:KeyInfo>" + OBJECT, "/r/Signature/Object"),
    "two Objects": (
        b"</ds:KeyInfo>",
        b"</ds:KeyInfo>" + OBJECT + b"<ds:Object>text</ds:Object>",
        "/r/Signature/Object[2]",
    ),
    "KeyInfo": (b"</ds:KeyInfo>", b'<t id="U">forged</t></ds:KeyInfo>', "/r/Signature/KeyInfo"),
    "X509Data": (b"</ds:X509Data>", b'<t id="U">forged</t></ds:X509Data>', "/r/Signature/KeyInfo"),
    "Object in KeyInfo": (b"</ds:KeyInfo>", OBJECT + b"</ds:KeyInfo>", "/r/Signature/KeyInfo"),
}


@pytest.mark.parametrize("references", [(), ("R",), ("T",)])
@pytest.mark.parametrize("load", LOADS)
def test_what_a_signature_carries_is_named(load, references, desk, bench, party) -> None:
    """No digest covers it, so it can be put into anybody's valid signature."""
    signed = desk.sign(
        b'<r id="R"><t id="T">x</t></r>', party("valid"), "xmldsig", references=references, chain=Chain.LEAF
    )
    (control,) = bench.accept(signed, "xmldsig")
    old, new, path = LOADS[load]
    (finding,) = desk.findings(signed.replace(old, new), "xmldsig")
    assert finding.verdict.passed
    assert path in finding.uncovered
    assert path not in control.uncovered


def test_what_another_signature_carries_is_named_unless_covered(desk, party) -> None:
    data = b'<r><t id="T">x</t></r>'
    first = desk.sign(data, party("valid"), "xmldsig", references=("T",), chain=Chain.LEAF)
    loaded = first.replace(b"</ds:KeyInfo>", b'</ds:KeyInfo><ds:Object Id="O">x</ds:Object>')
    both = desk.sign(loaded, party("second"), "xmldsig", references=("T", "O"), prefix="two", chain=Chain.LEAF)
    one, two = desk.findings(both, "xmldsig")
    assert one.uncovered == ("/r/Signature[1]/Object",)
    assert two.uncovered == ()


# Certificates


@pytest.fixture(scope="module")
def certificate_signed(desk, party) -> bytes:
    return desk.sign(CERTIFICATE, party("valid"), "certificate-xml")


def test_certificate_misuse(certificate_signed, desk, party) -> None:
    assert desk.verdict(certificate_signed, "certificate-xml").passed
    signature = re.search(rb"<dsig:Signature .*</dsig:Signature>", certificate_signed, re.DOTALL)[0]
    root = re.search(rb"<TEG840 [^>]*>", certificate_signed)[0]
    unsigned = certificate_signed.replace(signature, b"")
    altered = {
        "signature-not-last": [
            certificate_signed.replace(b"</TEG840>", b"<neu/></TEG840>"),
            unsigned.replace(root, root + signature),
            certificate_signed.replace(signature, signature + signature.replace(b' Id="_', b' Id="_2')),
        ],
        "signature-misplaced": [unsigned.replace(b"</TEG840>", b"<x>" + signature + b"</x></TEG840>")],
        "not-a-certificate": [
            certificate_signed.replace(b"TEG840 ", b"TEG84 ").replace(b"</TEG840>", b"</TEG84>"),
            certificate_signed.replace(b"XSD/kyotsu", b"XSD/kyoto"),
            unsigned.replace(root, b"<x>" + root).replace(b"</TEG840>", b"</TEG840>" + signature + b"</x>"),
        ],
        "no-signature": [unsigned],
    }
    for reason, documents in altered.items():
        for document in documents:
            assert {one.verdict.reason for one in desk.findings(document, "certificate-xml")} == {reason}


def test_certificate_signed_in_part(desk, party, bench) -> None:
    data = CERTIFICATE.replace(b"</TEG840>", b'<x id="X">y</x></TEG840>')
    signed = desk.sign(data, party("valid"), "xmldsig", references=("X",), prefix="dsig")
    bench.accept(signed, "xmldsig")
    assert desk.verdict(signed, "certificate-xml").reason == "wrong-element-signed"


# Files


def test_files_changed_missing_or_swapped(desk, bench, party) -> None:
    files = {"a.csv": b"1", "b.csv": b"2"}
    signed = desk.sign(b"<r/>", party("valid"), "xmldsig", files=files)
    bench.accept(signed, "xmldsig", files=files)
    verdicts = {
        "digest-differs": [{"a.csv": b"1 ", "b.csv": b"2"}, {"a.csv": b"2", "b.csv": b"1"}],
        "file-not-given": [{}, {"a.csv": b"1"}, {"b.csv": b"2"}, {"A.csv": b"1", "b.csv": b"2"}],
    }
    for reason, given in verdicts.items():
        for each in given:
            assert desk.verdict(signed, "xmldsig", files=each).reason == reason
    assert desk.verdict(signed, "xmldsig").indication == "INDETERMINATE", "not given is not wrong"
    assert desk.verdict(signed, "xmldsig", files=files | {"more": b""}).passed
