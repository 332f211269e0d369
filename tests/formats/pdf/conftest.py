"""What the PDF tests share: a document to sign, pyHanko's own signer to sign it with, and our verifier's answers."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from jitsuin.formats.base import SignatureFinding, VerificationPolicy, unreadable
from jitsuin.formats.errors import FormatError
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.source import Source

PADES, PKCS7 = SigSeedSubFilter.PADES, SigSeedSubFilter.ADOBE_PKCS7_DETACHED
TEXT = b"BT /F1 24 Tf 72 700 Td (Amount: 10000 yen) Tj ET"
Dictionary = generic.DictionaryObject


def document(*, xref_streams: bool = False, fields: int = 1, form: bool = True) -> bytes:
    """A page with a text and some filled text fields, which stand in a list of their own."""
    writer = PdfFileWriter(stream_xrefs=xref_streams)
    font = {"/Type": pdf_name("/Font"), "/Subtype": pdf_name("/Type1"), "/BaseFont": pdf_name("/Helvetica")}
    resources = Dictionary({"/Font": Dictionary({"/F1": writer.add_object(Dictionary(_names(font)))})})
    content = writer.add_object(generic.StreamObject(stream_data=TEXT))
    box = tuple(map(generic.NumberObject, (0, 0, 595, 842)))
    page = writer.insert_page(PageObject(content, media_box=box, resources=resources))
    if form:
        references = [writer.add_object(_text_field(number)) for number in range(fields)]
        for reference in references:
            reference.get_object()["/P"] = page
        page.get_object()["/Annots"] = generic.ArrayObject(references)
        listed = writer.add_object(generic.ArrayObject(references))
        writer.root["/AcroForm"] = writer.add_object(Dictionary({pdf_name("/Fields"): listed}))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _names(entries: dict[str, Any]) -> dict[Any, Any]:
    return {pdf_name(key): value for key, value in entries.items()}


def _text_field(number: int) -> Dictionary:
    rectangle = generic.ArrayObject(map(generic.NumberObject, (72, 600 - 20 * number, 272, 618 - 20 * number)))
    entries = {
        "/Type": pdf_name("/Annot"),
        "/Subtype": pdf_name("/Widget"),
        "/FT": pdf_name("/Tx"),
        "/T": generic.TextStringObject(f"Text{number}"),
        "/V": generic.TextStringObject(f"value {number}"),
        "/Rect": rectangle,
        "/F": generic.NumberObject(4),
    }
    return Dictionary(_names(entries))


def saved(data: bytes, **how: Any) -> bytes:
    """The document as qpdf writes it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out, static_id=True, **how)
    return out.getvalue()


class Pen:
    """Signs with pyHanko, which shares no signing code with us."""

    def __init__(self, party: Callable[[str], Any]) -> None:
        self._party = party
        self.signer = cache(self._signer)

    def _signer(self, who: str) -> signers.SimpleSigner:
        holder = self._party(who)
        key = holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        store = SimpleCertificateStore()
        store.register_multiple([asn1_x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in holder.chain])
        certificate = asn1_x509.Certificate.load(holder.certificate.public_bytes(Encoding.DER))
        return signers.SimpleSigner(certificate, asn1_keys.PrivateKeyInfo.load(key), store)

    def timestamper(self) -> DummyTimeStamper:
        signer = self.signer("second")
        return DummyTimeStamper(signer.signing_cert, signer.signing_key)

    def sign(
        self,
        data: bytes,
        field_name: str = "Signature1",
        who: str = "valid",
        subfilter: SigSeedSubFilter = PADES,
        *,
        field: SigFieldSpec | None = None,
        timestamped: bool = False,
        hash_name: str = "sha256",
        **metadata: Any,
    ) -> bytes:
        """One signature more."""
        stated = signers.PdfSignatureMetadata(
            field_name=field_name, subfilter=subfilter, md_algorithm=hash_name, **metadata
        )
        stamper = self.timestamper() if timestamped else None
        signer = signers.PdfSigner(stated, self.signer(who), timestamper=stamper, new_field_spec=field)
        out = io.BytesIO()
        signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), output=out)
        return out.getvalue()

    def timestamp(self, data: bytes) -> bytes:
        """A document timestamp."""
        out = io.BytesIO()
        stamper = signers.PdfTimeStamper(self.timestamper(), field_name="Timestamp1")
        stamper.timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), "sha256", None, output=out)
        return out.getvalue()

    @staticmethod
    def update(data: bytes, change: Callable[[IncrementalPdfFileWriter], object]) -> bytes:
        """An incremental update by pyHanko: what any program may append."""
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        change(writer)
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    @staticmethod
    def pyhanko(data: bytes) -> list[bool]:
        """For every signature, the bottom line of pyHanko's validation as it comes.

        The certificate is taken for trusted: whom to trust is another question.
        """
        answers = []
        for signature in PdfFileReader(io.BytesIO(data)).embedded_regular_signatures:
            context = ValidationContext(trust_roots=[signature.signer_cert], moment=signature.self_reported_timestamp)
            status = validate_pdf_signature(signature, context)
            whole = status.intact and status.valid and status.docmdp_ok  # the bottom line also wants to trust the TSA
            answers.append(bool(whole if status.timestamp_validity else status.bottom_line))
        return answers


@pytest.fixture(scope="session")
def pen(party: Callable[[str], Any]) -> Pen:
    return Pen(party)


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """A document to sign: `make_pdf(xref_streams=True, fields=3)`."""
    return document


@pytest.fixture(scope="session")
def resave() -> Callable[..., bytes]:
    """The document as qpdf writes it: `resave(data, linearize=True)`."""
    return saved


@pytest.fixture(scope="session")
def findings() -> Callable[..., list[SignatureFinding]]:
    """What our verifier finds; a document that cannot be opened gives one finding, too."""

    def verify(data: bytes, **policy: object) -> list[SignatureFinding]:
        adapter = PdfAdapter()
        try:
            opened = adapter.open(Source.of(data))
        except FormatError as error:
            return [unreadable(error)]
        return list(adapter.verify(opened, VerificationPolicy(**policy)))

    return verify
