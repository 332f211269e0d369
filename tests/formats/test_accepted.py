"""Whatever the adapters sign, xmlsec1, the JDK and our own verifier accept; no other byte of the file has changed."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from lxml import etree

from jitsuin.formats.base import SigningIdentity
from jitsuin.formats.errors import UnsupportedDocumentError
from jitsuin.formats.profiles import Chain
from jitsuin.formats.xml_safety import parse
from jitsuin.samples.documents import consumption_tax_return, income_tax_return, pension_certificate, sized_return
from jitsuin.signer.base import SignatureScheme, Signer, SignerOptions
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, open_signer

SCHEMAS = Path(__file__).parents[2] / "samples" / "schemas"
INCOME = income_tax_return()
CONSUMPTION = consumption_tax_return()
CERTIFICATE = pension_certificate()

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def opened(data: bytes) -> bytes:
    """The document with the root's empty-element tag opened: all that signing may change besides."""
    return data.replace(b' id="T"/>', b' id="T"></r>').replace(b' id="T" />', b' id="T" ></r>')


@pytest.mark.parametrize("who", ["valid", "p384"])
def test_whole_document(markup, who, desk, bench, party, without_signature) -> None:
    data = DECLARATION + markup
    signed = desk.sign(data, party(who), "xmldsig")
    (finding,) = bench.accept(signed, "xmldsig")
    assert (finding.covers, finding.uncovered) == (("/",), ())
    assert without_signature(signed, prefix="ds") in (data, opened(data))


@pytest.mark.parametrize("prefix", ["dsig", None])
def test_element_by_id(markup, identifier, prefix, desk, bench, party, without_signature) -> None:
    references = (identifier(markup),)
    signed = desk.sign(markup, party("valid"), "xmldsig", references=references, prefix=prefix, chain=Chain.LEAF)
    bench.accept(signed, "xmldsig")
    assert without_signature(signed, prefix=prefix) in (markup, opened(markup))


def test_only_root_level_signatures_open_an_empty_tag(desk, party) -> None:
    """The control of `opened`: no other byte changes even then."""
    data = b'<r id="T" />\n'
    signed = desk.sign(data, party("valid"), "xmldsig")
    assert signed.startswith(b'<r id="T" ><ds:Signature ')
    assert signed.endswith(b"</ds:Signature></r>\n")


# Encodings

MULTIBYTE = {"Shift_JIS": "shift_jis", "Windows-31J": "cp932", "EUC-JP": "euc_jp"}
ENCODED = {
    # name: declaration, byte order mark, codec
    "UTF-8 with mark": ("", b"\xef\xbb\xbf", "utf-8"),
    "UTF-8 declared, with mark": ('<?xml version="1.0" encoding="utf-8"?>', b"\xef\xbb\xbf", "utf-8"),
    "UTF-16LE with mark": ("", b"\xff\xfe", "utf-16-le"),
    "UTF-16BE with mark": ("", b"\xfe\xff", "utf-16-be"),
    "UTF-16 declared, LE": ('<?xml version="1.0" encoding="UTF-16"?>\r\n', b"\xff\xfe", "utf-16-le"),
    "UTF-16 declared, BE": ('<?xml version="1.0" encoding="UTF-16"?>\r\n', b"\xfe\xff", "utf-16-be"),
    "UTF-16LE declared, with mark": ('<?xml version="1.0" encoding="UTF-16LE"?>', b"\xff\xfe", "utf-16-le"),
    "UTF-16LE declared, without mark": ('<?xml version="1.0" encoding="UTF-16LE"?>', b"", "utf-16-le"),
    "UTF-16BE declared, without mark": ('<?xml version="1.0" encoding="UTF-16BE"?>', b"", "utf-16-be"),
    "standalone": ("<?xml\n version = '1.0'\tencoding\n= 'UTF-8' standalone='no' ?>", b"", "utf-8"),
    **{name: (f'<?xml version="1.0" encoding="{name}"?>\n', b"", codec) for name, codec in MULTIBYTE.items()},
    "sjis": ('<?xml version="1.0" encoding="sjis"?>', b"", "shift_jis"),
}
BODY = (
    '<?見本 前?><税:申告 xmlns:税="urn:zei"><t id="T" 氏名="見本　花子">カナｶﾅ<u/></t>'
    "<!-- </税:申告> --></税:申告><!-- </税:申告> --><?後 </税:申告>?>\n"
)


@pytest.mark.parametrize("references", [(), ("T",)])
@pytest.mark.parametrize("case", ENCODED)
def test_encoding(case, references, desk, bench, party, without_signature) -> None:
    declaration, mark, codec = ENCODED[case]
    data = mark + (declaration + BODY).encode(codec)
    signed = desk.sign(data, party("valid"), "xmldsig", references=references)
    bench.accept(signed, "xmldsig")
    assert without_signature(signed, codec, "ds") == data


def test_latin_1_and_ascii(desk, bench, party) -> None:
    for name, codec, text in (("ISO-8859-1", "latin-1", "caf\xe9 \xa5 \x85"), ("US-ASCII", "ascii", "a\\~")):
        data = f'<?xml version="1.0" encoding="{name}"?><r>{text}</r>'.encode(codec)
        bench.accept(desk.sign(data, party("valid"), "xmldsig"), "xmldsig")


def characters(codec: str) -> dict[bytes, str]:
    """Every sequence of bytes that Python takes for one character."""
    singles = [bytes([first]) for first in range(0x20, 0x100)]
    doubles = [bytes([first, second]) for first in range(0x80, 0x100) for second in range(0x40, 0x100)]
    triples = [bytes([0x8F, first, second]) for first in range(0xA1, 0xFF) for second in range(0xA1, 0xFF)]
    found = {}
    for octets in singles + doubles + (triples if codec == "euc_jp" else []):
        try:
            text = octets.decode(codec)
        except UnicodeDecodeError:
            continue
        if len(text) == 1:
            found[octets] = text
    return found


def disputed(data: bytes) -> str | None:
    """The character for which signing is refused."""
    try:
        parse(data).require_undisputed_characters()
    except UnsupportedDocumentError as error:
        return str(error.facts["detail"])
    return None


@pytest.mark.parametrize("name", MULTIBYTE)
def test_every_character_is_read_alike_or_refused(name, desk, bench, party) -> None:
    """All that may be signed stands in one document; one document more for each character that may not."""
    head, tail = f'<?xml version="1.0" encoding="{name}"?><r>'.encode(), b"</r>"
    every = {octets: text for octets, text in characters(MULTIBYTE[name]).items() if text not in "<&"}
    assert len(every) > 6_000
    refused = [octets for octets in every if disputed(head + octets + tail)]
    assert {disputed(head + octets + tail) for octets in refused} == {
        f"U+{ord(every[octets]):04X}" for octets in refused
    }
    assert 5 < len(refused) < 40
    data = head + b"\n".join(octets for octets in every if octets not in refused) + tail
    bench.accept(desk.sign(data, party("valid"), "xmldsig"), "xmldsig")
    for octets in refused[:3]:
        with pytest.raises(UnsupportedDocumentError):
            desk.sign(head + octets + tail, party("valid"), "xmldsig")


# e-Tax returns


def with_text(document: bytes, *pairs: tuple[str, str]) -> bytes:
    """Replace, each time exactly one thing."""
    text = document.decode()
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()


RETURNS = {
    "income tax": INCOME,
    "consumption tax": CONSUMPTION,
    "no line feed at the end": INCOME.rstrip(),
    "CRLF": INCOME.replace(b"\n", b"\r\n"),
    "byte order mark": b"\xef\xbb\xbf" + INCOME,
    "UTF-16": b"\xff\xfe" + with_text(INCOME, ('"UTF-8"', '"UTF-16"')).decode().encode("utf-16-le"),
    "instructions and comments around": with_text(
        INCOME,
        ("<DATA ", '<?xml-stylesheet href="a.xsl"?><!-- <DATA> --><DATA '),
        ("</DATA>", "</DATA><!-- </DATA> --><?a?>"),
    ),
    "comments inside": with_text(
        INCOME,
        ('<CONTENTS id="CONTENTS">', '<!-- </RKO0010> --><CONTENTS id="CONTENTS"><!-- a -->'),
        ("</DATA>", "<!-- </DATA> --></DATA>"),
    ),
    "white space in end tags": with_text(INCOME, ("</DATA>", "</DATA\n >"), ("</RKO0010>", "</RKO0010\t>")),
    "xml:lang and xml:space": with_text(
        INCOME, ('<DATA id="DATA"', '<DATA xml:lang="ja" xml:space="preserve" id="DATA"')
    ),
    "prefixes taken": with_text(INCOME, ('<DATA id="DATA"', '<DATA xmlns:dsig="urn:a" xmlns:ds="urn:b" id="DATA"')),
    "default namespace undeclared inside": with_text(
        INCOME, ('<CONTENTS id="CONTENTS">', '<CONTENTS id="CONTENTS"><x xmlns=""><y/></x>')
    ),
    "no default namespace": with_text(
        INCOME,
        ('xmlns="http://xml.e-tax.nta.go.jp/XSD/shotoku"', 'xmlns:s="http://xml.e-tax.nta.go.jp/XSD/shotoku"'),
        ("<DATA ", "<s:DATA "),
        ("</DATA>", "</s:DATA>"),
    ),
    "no form": b'<DATA xmlns="http://xml.e-tax.nta.go.jp/XSD/shotoku"><RKO0010 id="RKO0010"/></DATA>',
    "Shift_JIS": with_text(INCOME, ('"UTF-8"', '"Shift_JIS"'), ("<DATA ", "<!-- 見本 --><DATA "))
    .decode()
    .replace("－", "の")
    .replace("～", "から")
    .encode("shift_jis"),
    "sized": sized_return(300_000),
}


@pytest.mark.parametrize("case", RETURNS)
def test_return(case, desk, bench, party, without_signature) -> None:
    data = RETURNS[case]
    assert desk.sniff(data, "etax")
    assert not desk.sniff(data, "certificate-xml")
    signed = desk.sign(data, party("valid"), "etax")
    bench.accept(signed, "etax")
    codec = {"UTF-16": "utf-16-le"}.get(case, "utf-8")
    assert without_signature(signed, codec) == data
    by_second = desk.sign(signed, party("p384"), "etax")
    bench.accept(by_second, "etax", count=2)
    assert without_signature(by_second, codec) == signed
    assert without_signature(without_signature(by_second, codec, number=0), codec) == data


@pytest.mark.parametrize("order", [(0, 2), (2, 0), (0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3), (1, 3, 0, 4, 2)])
def test_two_and_five_signers_in_any_order(order, desk, bench, people) -> None:
    signers = [people[number] for number in order]
    data = CONSUMPTION
    for count, who in enumerate(signers, 1):
        data = desk.sign(data, who, "etax")
        findings = desk.findings(data, "etax")
        assert [finding.certificate for finding in findings] == [who.certificate for who in signers[:count]]
    findings = bench.accept(data, "etax", count=len(signers))
    assert len({finding.signature_id for finding in findings}) == len(signers)


def test_one_person_signs_twice(desk, bench, party) -> None:
    data = desk.sign(desk.sign(INCOME, party("valid"), "etax"), party("valid"), "etax")
    first, second = bench.accept(data, "etax", count=2)
    assert first.signature_id != second.signature_id


def test_attachment_by_the_accountant_then_the_return_by_two(desk, bench, party) -> None:
    accountant, taxpayer = party("second"), party("valid")
    signed = desk.sign(CONSUMPTION, accountant, "etax", attachments=True)
    attachment, filed = bench.accept(signed, "etax", count=2)
    assert attachment.covers == ("/DATA/RSH0010/CONTENTS/TENPU/SOZ074",)
    assert filed.covers == ("/DATA/RSH0010",)
    signed = desk.sign(signed, taxpayer, "etax", attachments=True)
    findings = bench.accept(signed, "etax", count=3)
    assert [finding.certificate for finding in findings] == [accountant.certificate] * 2 + [taxpayer.certificate]


def test_several_attachments_in_several_states(desk, bench, party) -> None:
    """The first has been signed before, the second and third not; SOZ042 is an empty-element tag."""
    soz = 'xmlns="http://xml.e-tax.nta.go.jp/XSD/somu"'
    data = with_text(
        CONSUMPTION, ("</TENPU>", f'<SOZ042 {soz} id="SOZ042-1"/><x/><SOZ052 {soz} id="SOZ052-1">a</SOZ052></TENPU>')
    )
    only_first = desk.prepare(CONSUMPTION, party("second"), "etax", attachments=True)
    assert not only_first.last
    out = io.BytesIO()
    prepared = desk.prepare(data, party("second"), "etax", attachments=True)
    prepared.embed(party("second").sign(prepared.to_be_signed, prepared.scheme), out)
    signed = desk.sign(out.getvalue(), party("p384"), "etax", attachments=True)
    findings = bench.accept(signed, "etax", count=4)
    assert [finding.covers[0].rsplit("/")[-1] for finding in findings] == ["SOZ074", "SOZ042", "SOZ052", "RSH0010"]


# Certificates

CERTIFICATES = {
    "sample": CERTIFICATE,
    "byte order mark": b"\xef\xbb\xbf" + CERTIFICATE,
    "CRLF": CERTIFICATE.replace(b"\n", b"\r\n"),
    "comment after the root": CERTIFICATE + b"<!-- </TEG840> -->",
    "empty-element tag": b'<?xml version="1.0"?><TEG800 id="TEG8001" xmlns="http://xml.e-tax.nta.go.jp/XSD/kyotsu"/>',
    "prefix": b'<k:TEG800 id="TEG8001" xmlns:k="http://xml.e-tax.nta.go.jp/XSD/kyotsu" xml:lang="ja">\n</k:TEG800>',
}


@pytest.mark.parametrize("who", ["valid", "p384"])
@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificate(case, who, desk, bench, party, without_signature) -> None:
    data = CERTIFICATES[case]
    assert desk.sniff(data, "certificate-xml")
    assert not desk.sniff(data, "etax")
    signed = desk.sign(data, party(who), "certificate-xml")
    (finding,) = bench.accept(signed, "certificate-xml")
    assert finding.uncovered == ()
    assert finding.embedded == ()
    expected = data.replace(b"/>", b"></TEG800>") if case == "empty-element tag" else data
    assert without_signature(signed) == expected


# References, files, chains, keys

SEVERAL = '<r xmlns="urn:r" a="1"><t id="A">x</t>y<t id="B"><u id="構成"/></t><t id="C"/></r>'.encode()
FILES = {"tenpu-1.csv": b"1,2\r\n\x00\xff", "b.pdf": b"", "c": b"<not/>&xml"}


def test_several_elements(desk, bench, party) -> None:
    signed = desk.sign(SEVERAL, party("valid"), "xmldsig", references=("B", "A", "構成"))
    (finding,) = bench.accept(signed, "xmldsig")
    assert finding.covers == ("/r/t[2]", "/r/t[1]", "/r/t[2]/u")
    assert finding.uncovered == ("/r/@a", "/r/text()", "/r/t[3]")


@pytest.mark.parametrize("references", [(), ("A", "B")])
def test_files_beside_the_document(references, desk, bench, party) -> None:
    signed = desk.sign(SEVERAL, party("p384"), "xmldsig", references=references, files=FILES)
    (finding,) = bench.accept(signed, "xmldsig", files=FILES)
    assert finding.covers[-3:] == tuple(FILES)


def test_two_people_sign_different_elements(desk, bench, party) -> None:
    signed = desk.sign(SEVERAL, party("valid"), "xmldsig", references=("A",), prefix=None)
    signed = desk.sign(signed, party("p384"), "xmldsig", references=("B", "C"), prefix="ds")
    bench.accept(signed, "xmldsig", count=2)


@pytest.mark.parametrize("who", ["valid", "second", "old-generation", "phone", "p256", "p384", "p521"])
def test_key(who, desk, bench, party) -> None:
    (finding,) = bench.accept(desk.sign(INCOME, party(who), "etax"), "etax")
    expected = {"p256": "ecdsa-sha256", "p384": "ecdsa-sha384", "p521": "ecdsa-sha512"}.get(who, "rsa-sha256")
    assert finding.scheme == expected


@pytest.mark.parametrize("chain", Chain)
def test_chain(chain, desk, bench, party, xmlsec1) -> None:
    signed = desk.sign(INCOME, party("valid"), "etax", chain=chain)
    (finding,) = bench.accept(signed, "etax")
    assert finding.embedded == (party("valid").issuers if chain is Chain.FULL else ())
    trusted = party("valid").issuers
    assert xmlsec1.verify(signed, trusted=trusted, at=desk.at).ok
    assert xmlsec1.verify(signed, trusted=party("old-generation").issuers, at=desk.at).error


@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_simulated_card(persona, desk, bench, party, tmp_path) -> None:
    """The card's own signature values, through its APDUs."""
    options = SignerOptions(lambda _request: SIGNATURE_PASSWORD, desk.at)
    with open_signer(f"simulator:{tmp_path / 'card'}?card={persona}", options) as signer:
        who = Card(signer)
        signed = desk.sign(CONSUMPTION, who, "etax", attachments=True)
        bench.accept(signed, "etax", count=2)
        bench.accept(desk.sign(CERTIFICATE, who, "certificate-xml"), "certificate-xml")
        bench.accept(desk.sign(SEVERAL, who, "xmldsig", files=FILES), "xmldsig", files=FILES)


class Card:
    """An open signer, for the desk."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.identity = SigningIdentity(signer.certificate, signer.issuers)

    def sign(self, to_be_signed: bytes, scheme: str) -> bytes:
        return self._signer.sign(to_be_signed, SignatureScheme(scheme))


# Schemas


def validates(schema: str, document: bytes) -> bool:
    return etree.XMLSchema(file=str(SCHEMAS / f"{schema}.xsd")).validate(etree.fromstring(document))


@pytest.mark.parametrize("who", ["valid", "p384"])
def test_signed_samples_follow_the_schemas(who, desk, party, schema) -> None:
    """Ours for the forms, W3C's for the Signature."""
    key = party(who)
    attached = desk.sign(CONSUMPTION, key, "etax", attachments=True)
    for name, signed in (
        ("income-tax-return", desk.sign(desk.sign(INCOME, key, "etax"), party("second"), "etax")),
        ("consumption-tax-return", desk.sign(attached, party("second"), "etax")),
        ("pension-certificate", desk.sign(CERTIFICATE, key, "certificate-xml")),
    ):
        assert validates(name, signed), name
        assert schema.verify(signed).ok
        without_id = re.sub(rb'(<dsig:Signature [^>]*) Id="[^"]*"', rb"\1", signed)
        assert not validates(name, without_id), "a control: NTA's schema demands the Id"
    assert not validates("pension-certificate", CERTIFICATE), "a control: this schema demands the signature"
