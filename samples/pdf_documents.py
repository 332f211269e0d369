"""Unsigned sample PDFs, as bytes: an application for a place in childcare, and a certificate of employment.

They imitate the look of municipal forms and, for the certificate, the numbered items of the standard form. No text was
taken over as it stands, no municipality uses them, and the people are invented. The forms are filled in, but for their
signature fields.

Every function returns the same bytes for the same arguments, whatever versions of Python and of libraries there are.
There is no clock here and no randomness.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from . import _pdf_childcare as childcare
from . import _pdf_employment as employment
from ._pdf_fields import Form
from ._pdf_fonts import RESOURCE, form_font
from ._pdf_pages import A4, Page
from ._pdf_writer import Name, PdfFile, PdfObject, Ref, Stream

__all__ = ["childcare_application", "employment_certificate"]

_PRODUCER = "Jitsuin samples"


def childcare_application() -> bytes:
    """教育・保育給付認定申請書 兼 保育所等入所申込書: two pages, two empty signature fields, a cross-reference table.

    The fields Guardian1Signature and Guardian2Signature wait for the child's two guardians.
    """
    file = PdfFile()
    return file.with_table(*_document(file, childcare.TITLE, childcare.pages(), childcare.FILED))


def employment_certificate() -> bytes:
    """就労証明書: one page, one empty signature field (EmployerSignature), object streams, a cross-reference stream."""
    file = PdfFile()
    return file.compact(*_document(file, employment.TITLE, employment.pages(), employment.ISSUED))


def _document(file: PdfFile, title: str, pages: Sequence[Page], made: date) -> tuple[Ref, Ref]:
    """The catalog and the information dictionary."""
    resources: PdfObject = {"Font": {RESOURCE: form_font().embed(file)}}
    form = Form(file, resources)
    tree = file.reserve()
    refs = [_page(file, page, form, tree, resources) for page in pages]
    box: PdfObject = [0, 0, *A4]
    file.put(tree, {"Type": Name("Pages"), "Kids": refs, "Count": len(refs), "MediaBox": box})
    catalog: dict[str, PdfObject] = {"Type": Name("Catalog"), "Pages": tree, "AcroForm": form.dictionary()}
    catalog |= {"Lang": "ja-JP", "ViewerPreferences": {"DisplayDocTitle": True}}
    catalog |= {"Metadata": file.add(_metadata(title, made))}
    stamp = f"D:{made:%Y%m%d}090000+09'00'"
    info = file.add({"Title": title, "Producer": _PRODUCER, "CreationDate": stamp, "ModDate": stamp})
    return file.add(catalog), info


def _page(file: PdfFile, page: Page, form: Form, tree: Ref, resources: PdfObject) -> Ref:
    ref = file.reserve()
    content = file.add(Stream({}, "\n".join(page.content).encode()))
    widgets = [form.add(part, box, ref) for part, box in page.fields]
    dictionary: dict[str, PdfObject] = {"Type": Name("Page"), "Parent": tree, "Contents": content}
    dictionary |= {"Resources": resources, "Annots": widgets, "Tabs": Name("S")}
    return file.put(ref, dictionary)


def _metadata(title: str, made: date) -> Stream:
    """XMP that says what the information dictionary says."""
    stamp = f"{made}T09:00:00+09:00"
    packet = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <pdf:Producer>{_PRODUCER}</pdf:Producer>
   <xmp:CreateDate>{stamp}</xmp:CreateDate>
   <xmp:ModifyDate>{stamp}</xmp:ModifyDate>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
    return Stream({"Type": Name("Metadata"), "Subtype": Name("XML")}, packet.encode())
