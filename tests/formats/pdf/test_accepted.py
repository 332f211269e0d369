"""Every build of PDF, signed through the adapter: six programs that share no code with us, and we ourselves, accept it.

What is signed with what, so that everything meets everything that matters and the run stays short:

    all of the corpus × one signature × each profile, the keys by turns (RSA-2048 and P-384)
    all of the corpus × three signatures, the first of them pyHanko's, then two of ours, profiles and keys by turns

What has three signatures had one and two on the way, and we verify it there, too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from jitsuin.formats.base import SignatureFinding, VerificationPolicy
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from pdf_corpus import CORPUS, page_objects, text_field, with_table

if TYPE_CHECKING:
    from pdf_judges import PdfJudges, PdfResult

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
PROFILE_NAMES = ("pades-b-b", "agency-pdf", "moj-pdf")
PERSONAS = ("valid", "p384")
RSA_ONLY = "moj-pdf"
FIELDS = {
    "Japanese, subset font, form, xref table": "Guardian1Signature",
    "Japanese, subset font, linearized": "Guardian1Signature",
}
"""Which of several empty signature fields is meant."""
CANNOT = {
    ("large stream", "openssl"): "its regular expression takes the /ByteRange inside of the stream for a signature's",
    ("Annots null", "pyhanko signs"): "pyHanko appends to /Annots without looking whether there is a list",
}
"""(document, judge): why this one cannot say anything about this document, whoever signed it."""


def sign(data: bytes, who: Any, profile: str, field: str | None = None, at: datetime = AT) -> tuple[bytes, str]:
    """One signature more, as the pipeline makes it, and the name of its field."""
    adapter = PdfAdapter()
    prepared = adapter.prepare(adapter.open(Source.of(data)), who.identity, replace(PROFILES[profile], field=field), at)
    out = io.BytesIO()
    prepared.embed(who.sign(prepared.to_be_signed, prepared.scheme), out)
    assert prepared.last
    return out.getvalue(), prepared.signature_id


def verify(data: bytes, profile: str | None = None) -> Sequence[SignatureFinding]:
    adapter = PdfAdapter()
    policy = VerificationPolicy(profile=PROFILES[profile] if profile else None)
    return adapter.verify(adapter.open(Source.of(data)), policy)


def by_turns(profile: str, turn: int) -> str:
    """Who signs: one key or the other; a third person where the destination does not take the other."""
    who = PERSONAS[turn % 2]
    return "spouse" if profile == RSA_ONLY and who == "p384" else who


def new_field(name: str) -> str:
    return f"1/20,20,120,60/{name}"


def judged(name: str, signed: bytes, fields: Sequence[str], pdf_judges: PdfJudges) -> None:
    """All judges but those who cannot; these are asked, too, so that the table does not outlive its reasons."""
    excused = {judge for document, judge in CANNOT if document == name and judge in pdf_judges.by_name}
    results = pdf_judges.accept(signed, fields, at=AT, but=excused)
    for judge in excused:
        assert not (results[judge].ok and results[judge].covered), f"{judge} can judge this after all"


@pytest.mark.parametrize("profile", PROFILE_NAMES)
@pytest.mark.parametrize("name", CORPUS)
def test_one_signature(name: str, profile: str, party: Callable[[str], Any], pdf_judges: PdfJudges) -> None:
    persona = by_turns(profile, list(CORPUS).index(name) + PROFILE_NAMES.index(profile))
    data = CORPUS[name]()
    signed, field = sign(data, party(persona), profile, FIELDS.get(name))
    assert signed.startswith(data), "signing only appends"
    (finding,) = verify(signed, profile)
    assert finding.verdict.passed, finding.verdict
    assert finding.place == field
    assert finding.covers == ("/",)
    judged(name, signed, [field], pdf_judges)


@pytest.mark.parametrize("name", CORPUS)
def test_after_earlier_signatures(name: str, party: Callable[[str], Any], pen: Any, pdf_judges: PdfJudges) -> None:
    """One by another program (or by us, where that cannot sign the document), then two by us, of three people."""
    turn = list(CORPUS).index(name)
    if (name, "pyhanko signs") in CANNOT:
        data, _ = sign(CORPUS[name](), party("second"), "pades-b-b", new_field("Earlier"))
    else:
        data = pen.sign(CORPUS[name](), "Earlier", "second")
    fields = ["Earlier"]
    for number in range(2):
        profile = PROFILE_NAMES[(turn + number) % 3]
        signed, field = sign(data, party(by_turns(profile, turn + number)), profile, new_field(f"Mine{number}"))
        assert signed.startswith(data)
        data = signed
        fields.append(field)
        findings = verify(data)
        assert [finding.verdict.passed for finding in findings] == [True] * len(fields), findings
        assert [finding.place for finding in findings] == fields
    judged(name, data, fields, pdf_judges)


def test_documents_stay_the_same() -> None:
    """The corpus is made afresh in every run, and a failure must come again in the next."""
    assert [name for name, make in CORPUS.items() if make() != make.__wrapped__()] == []


def test_what_pyhanko_cannot_sign(pen: Any) -> None:
    for name in (name for name, judge in CANNOT if judge == "pyhanko signs"):
        with pytest.raises(AttributeError):
            pen.sign(CORPUS[name](), "Earlier", "second")


def test_one_person_twice(party: Callable[[str], Any], pdf_judges: PdfJudges) -> None:
    """Here pdfsig is asked about the values only (see PdfSig)."""
    once, first = sign(CORPUS["xref table"](), party("valid"), "moj-pdf", new_field("A"))
    twice, second = sign(once, party("valid"), "moj-pdf", new_field("B"))
    assert all(finding.verdict.passed for finding in verify(twice, "moj-pdf"))
    results = pdf_judges.accept(twice, [first, second], at=AT, but=["pdfsig"])
    assert [one.intact for one in results["pdfsig"].signatures] == [True, True]


# Tampered copies: each beside its control, the file as it was signed


@dataclass(frozen=True)
class Tampered:
    """A way to tamper with a form that was signed once."""

    change: Callable[[bytes, Any], bytes]
    verdict: str
    """Our sub-indication and reason."""
    broken: bool
    """Digest or value are wrong: the judges call the signature bad. Else they say that it does not cover all."""


def other_content(data: bytes, pen: Any) -> bytes:
    assert data.count(b"(Shinsei) Tj") == 1
    return data.replace(b"(Shinsei) Tj", b"(Kyakka!) Tj")


def other_value(data: bytes, pen: Any) -> bytes:
    """The last digit but some of the signature value, with which the DER ends."""
    start, end = gap(data)
    digit = start + len(data[start : end - 1].rstrip(b"0")) - 9
    return data[:digit] + (b"1" if data[digit : digit + 1] != b"1" else b"2") + data[digit + 1 :]


def wider_range(data: bytes, pen: Any) -> bytes:
    """The byte range made to reach over a later revision, which did not bring the signature."""
    return stretched(data, later_revision(data, pen))


def odd_range(data: bytes, pen: Any) -> bytes:
    """The byte range made to reach over bytes behind the end, which make no revision."""
    return stretched(data, later_bytes(data, pen))


def stretched(data: bytes, longer: bytes) -> bytes:
    """`longer` with the byte range of `data` reaching over what it has more; by luck the number has as many digits."""
    altered = RANGE.sub(lambda found: b"%b%d]" % (found[1], int(found[2]) + len(longer) - len(data)), longer)
    assert altered != longer
    assert len(altered) == len(longer)
    return altered


def later_revision(data: bytes, pen: Any) -> bytes:
    """A page that shows another text, by the book."""
    return with_table({4: page_objects(text=b"Kyakka")[4]}, before=data)


def later_bytes(data: bytes, pen: Any) -> bytes:
    return data + b"% more\n"


def filled_form(data: bytes, pen: Any) -> bytes:
    filled = text_field(1).replace(b"(value)", b"(other)")
    return with_table({10: filled}, before=data)


RANGE = re.compile(rb"(/ByteRange ?\[ ?0 \d+ \d+ )(\d+) ?\]")


def gap(data: bytes) -> tuple[int, int]:
    """Where the newest byte range leaves something out."""
    first, second = re.findall(rb"/ByteRange ?\[ ?0 (\d+) (\d+) ", data)[-1]
    return int(first), int(second)


TAMPERED = {
    "content": Tampered(other_content, "HASH_FAILURE digest-differs", broken=True),
    "signature value": Tampered(other_value, "SIG_CRYPTO_FAILURE value-differs", broken=True),
    "widened byte range": Tampered(wider_range, "FORMAT_FAILURE byte-range-not-a-revision", broken=True),
    "byte range to nowhere": Tampered(odd_range, "FORMAT_FAILURE byte-range-not-a-revision", broken=True),
    "later revision": Tampered(later_revision, "SIG_CONSTRAINTS_FAILURE changed-after-signing", broken=False),
    "bytes behind the end": Tampered(later_bytes, "SIG_CONSTRAINTS_FAILURE changed-after-signing", broken=False),
    "form filled afterwards": Tampered(filled_form, "SIG_CONSTRAINTS_FAILURE changed-after-signing", broken=False),
}


@pytest.fixture(scope="module", params=[("pades-b-b", "valid"), ("agency-pdf", "p384")], ids=lambda param: param[0])
def signed(request: pytest.FixtureRequest, party: Callable[[str], Any]) -> bytes:
    """A form with a text field, signed once."""
    profile, persona = request.param
    return sign(CORPUS["form with 1 field"](), party(persona), profile)[0]


def judgements(document: bytes, pdf_judges: PdfJudges) -> list[PdfResult]:
    """Of all but qpdf, which knows nothing of signatures."""
    return [result for name, result in pdf_judges.ask(document, at=AT).items() if name != "qpdf"]


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered(name: str, signed: bytes, pen: Any, pdf_judges: PdfJudges) -> None:
    (control,) = verify(signed)
    assert control.verdict.passed
    pdf_judges.accept(signed, [control.place], at=AT)
    case = TAMPERED[name]
    altered = case.change(signed, pen)
    (finding,) = verify(altered)
    assert f"{finding.verdict.sub_indication} {finding.verdict.reason}" == case.verdict, finding
    for result in judgements(altered, pdf_judges):
        assert not (result.ok if case.broken else result.ok and result.covered), result


def test_bytes_in_the_gap(pen: Any, pdf_judges: PdfJudges) -> None:
    """In a signature with room to spare, made by pyHanko: ours leave none."""
    control = pen.sign(CORPUS["form with 1 field"]())
    assert [finding.verdict.passed for finding in verify(control)] == [True]
    pdf_judges.accept(control, ["Signature1"], at=AT)
    _, end = gap(control)
    hidden = b">/Hidden (text)"
    assert control[end - 1 - len(hidden) : end] == b"0" * len(hidden) + b">"
    altered = control[: end - len(hidden)] + hidden + control[end:]
    assert len(altered) == len(control)
    (finding,) = verify(altered)
    assert f"{finding.verdict.sub_indication} {finding.verdict.reason}" == "FORMAT_FAILURE byte-range-gap", finding
    assert not any(result.ok and result.covered for result in judgements(altered, pdf_judges))
