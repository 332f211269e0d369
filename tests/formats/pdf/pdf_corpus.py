"""Unsigned PDFs of every build that we sign, by name; each is a function that returns the same bytes every time.

Some are written here to the byte, because libraries tidy up what is to be tested; the others come from qpdf (by way of
pikepdf) and from the samples. `CORPUS` lists them all; strict reading takes them, so they are signed without
normalising.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import pikepdf
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf

from jitsuin.samples.pdf_documents import childcare_application, employment_certificate

CORPUS: dict[str, Callable[[], bytes]] = {}
"""By what is special about the document."""

Maker = Callable[[], bytes]


def entry(name: str) -> Callable[[Maker], Maker]:
    """Put a maker into the corpus; what it makes is kept."""

    def register(maker: Maker) -> Maker:
        CORPUS[name] = cache(maker)
        return CORPUS[name]

    return register


# Files written by hand


BINARY = b"%\xe2\xe3\xcf\xd3\n"
ID = b"/ID [<00112233445566778899AABBCCDDEEFF> <00112233445566778899AABBCCDDEEFF>]"
INFO = b"<< /Title (Shinsei) /Producer (by hand) >>"


def page_objects(
    *,
    catalog: bytes = b"",
    page: bytes = b"",
    text: bytes = b"Shinsei",
    more: Mapping[int, bytes] | None = None,
) -> dict[int, bytes]:
    """One page in objects 1 to 5, Info in 6; `catalog` and `page` are further entries, `more` further objects."""
    content = b"BT /F1 18 Tf 72 720 Td (%b) Tj ET" % text
    return {
        1: b"<< /Type /Catalog /Pages 2 0 R %b >>" % catalog,
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> %b >>" % page,
        4: b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        6: INFO,
        **(more or {}),
    }


def body(objects: Mapping[int, bytes], start: int) -> tuple[bytes, dict[int, int]]:
    """The objects one after the other, and where each begins in a file in which they begin at `start`."""
    out, offsets = io.BytesIO(), {}
    for number, content in objects.items():
        offsets[number] = start + out.tell()
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    return out.getvalue(), offsets


def with_table(
    objects: Mapping[int, bytes],
    *,
    before: bytes = b"%PDF-1.7\n" + BINARY,
    trailer: bytes = b"/Info 6 0 R " + ID,
    end: bytes = b"%%EOF\n",
) -> bytes:
    """A file, or (after `before`, a whole file) an update, with a cross-reference table."""
    written, offsets = body(objects, len(before))
    # An update has a subsection for each run of numbers; a new file has one, in which 0 heads the free list.
    first = not re.search(rb"startxref", before)
    lines = {number: b"%010d 00000 n \n" % offset for number, offset in offsets.items()}
    if first:
        lines[0] = b"0000000000 65535 f \n"
    sections, numbers = [], sorted(lines)
    while numbers:
        run = [number for place, number in enumerate(numbers) if number == numbers[0] + place]
        sections.append(b"%d %d\n%b" % (run[0], len(run), b"".join(lines[number] for number in run)))
        numbers = numbers[len(run) :]
    previous = b"" if first else b"/Prev %d" % last_startxref(before)
    size = max(max(offsets) + 1, 0 if first else file_size(before))
    tail = b"trailer\n<< /Size %d /Root 1 0 R %b %b >>\n" % (size, trailer, previous)
    where = len(before) + len(written)
    return before + written + b"xref\n" + b"".join(sections) + tail + b"startxref\n%d\n%b" % (where, end)


def with_stream(objects: Mapping[int, bytes], *, before: bytes = b"%PDF-1.7\n" + BINARY, trailer: bytes = ID) -> bytes:
    """A file with a cross-reference stream, which is its last object; nothing is in object streams."""
    written, offsets = body(objects, len(before))
    first = not re.search(rb"startxref", before)
    number = max(max(offsets) + 1, 0 if first else file_size(before))
    where = len(before) + len(written)
    places = offsets | {number: where}
    rows = {one: b"\x01" + place.to_bytes(4, "big") + b"\0\0" for one, place in places.items()}
    if first:
        rows[0] = b"\0\0\0\0\0\xff\xff"
    index = b" ".join(b"%d 1" % one for one in sorted(rows))
    data = zlib.compress(b"".join(rows[one] for one in sorted(rows)))
    previous = b"" if first else b"/Prev %d" % last_startxref(before)
    head = b"/Type /XRef /W [1 4 2] /Index [%b] /Size %d /Root 1 0 R %b %b" % (index, number + 1, trailer, previous)
    stream = b"<< %b /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (head, len(data), data)
    return before + written + b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, stream, where)


def last_startxref(data: bytes) -> int:
    """The offset that the file ends with."""
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def file_size(data: bytes) -> int:
    """The largest /Size of its trailers: one more than the highest object number."""
    return max(int(size) for size in re.findall(rb"/Size (\d+)", data))


# The forms of the file


@entry("xref table")
def xref_table() -> bytes:
    return with_table(page_objects())


@entry("xref stream")
def xref_stream() -> bytes:
    return with_stream(page_objects())


@entry("object streams")
def object_streams() -> bytes:
    return by_qpdf(plain(3), object_stream_mode=ObjectStreamMode.generate)


@entry("linearized")
def linearized() -> bytes:
    return by_qpdf(plain(5), linearize=True, object_stream_mode=ObjectStreamMode.disable)


@entry("linearized with object streams")
def linearized_object_streams() -> bytes:
    return by_qpdf(plain(5), linearize=True, object_stream_mode=ObjectStreamMode.generate)


@entry("PDF 1.3")
def version_1_3() -> bytes:
    return with_table(page_objects(), before=b"%PDF-1.3\n")


@entry("PDF 1.4")
def version_1_4() -> bytes:
    return with_table(page_objects(), before=b"%PDF-1.4\n" + BINARY)


@entry("PDF 2.0")
def version_2_0() -> bytes:
    return with_table(page_objects(), before=b"%PDF-2.0\n" + BINARY, trailer=ID)


@entry("PDF 2.0 with object streams")
def version_2_0_compact() -> bytes:
    return by_qpdf(plain(2), force_version="2.0", object_stream_mode=ObjectStreamMode.generate)


@entry("version in the catalog")
def version_in_catalog() -> bytes:
    return with_table(page_objects(catalog=b"/Version /1.7"), before=b"%PDF-1.4\n" + BINARY)


@entry("no Info")
def no_info() -> bytes:
    return with_table({number: one for number, one in page_objects().items() if number != 6}, trailer=ID)


@entry("no ID")
def no_id() -> bytes:
    return with_table(page_objects(), trailer=b"/Info 6 0 R")


@entry("neither Info nor ID")
def bare() -> bytes:
    return with_table({number: one for number, one in page_objects().items() if number != 6}, trailer=b"")


@entry("no end of line at the end")
def no_final_eol() -> bytes:
    return with_table(page_objects(), end=b"%%EOF")


@entry("CR LF everywhere")
def crlf() -> bytes:
    """Entries of the table are 20 bytes with either end of line."""
    objects = {number: one.replace(b"\n", b"\r\n") for number, one in page_objects().items()}
    head = b"%PDF-1.5\r\n%\xe2\xe3\xcf\xd3\r\n"
    out, offsets = io.BytesIO(head), {}
    out.seek(0, io.SEEK_END)
    for number, content in objects.items():
        offsets[number] = out.tell()
        out.write(b"%d 0 obj\r\n%b\r\nendobj\r\n" % (number, content))
    where = out.tell()
    out.write(b"xref\r\n0 %d\r\n0000000000 65535 f\r\n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n\r\n" % offsets[number] for number in sorted(offsets))
    out.write(b"trailer\r\n<< /Size %d /Root 1 0 R /Info 6 0 R %b >>\r\n" % (len(objects) + 1, ID))
    out.write(b"startxref\r\n%d\r\n%%%%EOF\r\n" % where)
    return out.getvalue()


@entry("comments")
def comments() -> bytes:
    """Comments where white space may be, with words in them that are syntax elsewhere."""
    catalog = b"% trailer << /Root 9 0 R >>\n/Lang (ja-JP) % >> endobj\n"
    page = b"/Rotate % a comment (\n0 % <<\n"
    return with_table(page_objects(catalog=catalog, page=page), end=b"%%EOF\n")


@entry("names with escapes")
def escaped_names() -> bytes:
    return with_table(page_objects(page=b"/Group << /S /Trans#70arency >> /#e8#a6#8b#e6#9c#ac (x)"))


@entry("objects out of order")
def out_of_order() -> bytes:
    return with_table(dict(sorted(page_objects().items(), reverse=True)))


@entry("gaps in the numbers")
def gaps() -> bytes:
    """Numbers 7 to 39 are not in the table at all: it has two subsections."""
    return with_table(page_objects(page=b"/Annots 40 0 R", more={40: b"[]"}))


# Page trees, annotations


@entry("page tree of several levels")
def deep_tree() -> bytes:
    """Resources and MediaBox are inherited, from one level up, or two; the last page stands above the others."""
    objects = page_objects()
    objects[2] = (
        b"<< /Type /Pages /Kids [7 0 R 8 0 R] /Count 3 /MediaBox [0 0 595 842] "
        b"/Resources << /Font << /F1 5 0 R >> >> >>"
    )
    objects[3] = b"<< /Type /Page /Parent 9 0 R /Contents 4 0 R >>"
    objects[7] = b"<< /Type /Pages /Parent 2 0 R /Kids [9 0 R 10 0 R] /Count 2 >>"
    objects[8] = b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>"
    objects[9] = b"<< /Type /Pages /Parent 7 0 R /Kids [3 0 R] /Count 1 /Rotate 90 >>"
    objects[10] = b"<< /Type /Page /Parent 7 0 R /Contents 4 0 R >>"
    return with_table(objects)


@entry("Annots direct")
def annots_direct() -> bytes:
    return with_table(page_objects(page=b"/Annots [7 0 R]", more={7: link()}))


@entry("Annots indirect")
def annots_indirect() -> bytes:
    return with_table(page_objects(page=b"/Annots 8 0 R", more={7: link(), 8: b"[7 0 R]"}))


@entry("Annots null")
def annots_null() -> bytes:
    return with_table(page_objects(page=b"/Annots null"))


def link() -> bytes:
    return b"<< /Type /Annot /Subtype /Link /Rect [72 700 200 720] /Border [0 0 0] /Dest [3 0 R /Fit] >>"


@entry("600 pages")
def many_pages() -> bytes:
    return by_qpdf(plain(600), object_stream_mode=ObjectStreamMode.generate)


# Forms


def text_field(number: int, name: bytes = b"field") -> bytes:
    return (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (%b%d) /V (value) /F 4 /P 3 0 R /DA (/Helv 9 Tf 0 g) "
        b"/Rect [%d %d %d %d] >>" % (name, number, 40, 20 + number % 800, 140, 30 + number % 800)
    )


def form_objects(fields: Sequence[bytes], form: bytes = b"", **options: bytes) -> dict[int, bytes]:
    """A page with these fields from object 10 on; the AcroForm is direct in the catalog, its Fields, too."""
    references = b" ".join(b"%d 0 R" % (10 + place) for place in range(len(fields)))
    catalog = b"/AcroForm << /Fields [%b] /DR << /Font << /Helv 5 0 R >> >> %b >>" % (references, form)
    more = {10 + place: field for place, field in enumerate(fields)}
    return page_objects(catalog=catalog, page=b"/Annots [%b]" % references, more=more)


@entry("form with 1 field")
def form_1() -> bytes:
    return with_table(form_objects([text_field(1)]))


@entry("form with 2000 fields")
def form_2000() -> bytes:
    return with_table(form_objects([text_field(number) for number in range(2000)]))


@entry("form with 2000 fields in object streams")
def form_2000_compact() -> bytes:
    with pikepdf.open(io.BytesIO(form_2000())) as pdf:
        return by_qpdf(pdf, object_stream_mode=ObjectStreamMode.generate)


@entry("AcroForm, Fields and Annots indirect")
def form_indirect() -> bytes:
    more = {
        7: b"<< /Fields 8 0 R /DA (/Helv 0 Tf 0 g) /DR 11 0 R >>",
        8: b"[10 0 R]",
        9: b"[10 0 R]",
        10: text_field(1),
        11: b"<< /Font << /Helv 5 0 R >> >>",
    }
    return with_table(page_objects(catalog=b"/AcroForm 7 0 R", page=b"/Annots 9 0 R", more=more))


@entry("AcroForm without fields")
def form_empty() -> bytes:
    return with_table(page_objects(catalog=b"/AcroForm << /Fields [] >>"))


@entry("fields in a tree")
def field_tree() -> bytes:
    """The widgets are children of the terminal field, which is a child of a group with a Japanese name."""
    widget = b"<< /Type /Annot /Subtype /Widget /Parent 8 0 R /F 4 /P 3 0 R /Rect [40 %d 140 %d] >>"
    group = b"<FEFF" + "申請者".encode("utf-16-be").hex().upper().encode() + b">"
    more = {
        7: b"<< /T %b /Kids [8 0 R] >>" % group,
        8: b"<< /Parent 7 0 R /T (name) /FT /Tx /V <FEFF898B672C> /DA (/Helv 9 Tf 0 g) /Kids [9 0 R 10 0 R] >>",
        9: widget % (100, 120),
        10: widget % (200, 220),
    }
    catalog = b"/AcroForm << /Fields [7 0 R] /DR << /Font << /Helv 5 0 R >> >> >>"
    return with_table(page_objects(catalog=catalog, page=b"/Annots [9 0 R 10 0 R]", more=more))


def signature_field(name: bytes, rectangle: bytes = b"300 100 500 160") -> bytes:
    return b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (%b) /F 132 /P 3 0 R /Rect [%b] >>" % (name, rectangle)


@entry("an empty signature field")
def empty_signature_field() -> bytes:
    return with_table(form_objects([text_field(1), signature_field(b"Seal")], b"/SigFlags 1"))


@entry("XFA hybrid form")
def xfa_hybrid() -> bytes:
    """An AcroForm with the XFA packets of the same form beside it."""
    xfa = b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template/></xdp:xdp>'
    objects = form_objects([text_field(1)], b"/XFA 7 0 R")
    objects[7] = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(xfa), xfa)
    return with_table(objects)


# Updates that are already there


@entry("updated twice")
def updated_twice() -> bytes:
    once = with_table({6: INFO.replace(b"Shinsei", b"Shinsei 2")}, before=xref_table())
    changed = {4: page_objects(text=b"Kaitei")[4], 7: b"<< /Unused true >>"}
    return with_table(changed, before=once)


@entry("xref stream, updated")
def updated_stream() -> bytes:
    changed = {4: page_objects(text=b"Kaitei")[4]}
    return with_stream(changed, before=xref_stream())


@entry("linearized, updated")
def updated_linearized() -> bytes:
    data = linearized()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        root = int(pdf.Root.objgen[0])
        catalog = pdf.Root.unparse(resolved=True).replace(b"/Type /Catalog", b"/Type /Catalog /Lang (ja-JP)")
    update = with_table({root: catalog}, before=data, trailer=ID)
    head, _, tail = update.rpartition(b"/Root 1 0 R")
    return head + b"/Root %d 0 R" % root + tail


# What archives and offices put in


@entry("attachment")
def attachment() -> bytes:
    pdf = plain(1)
    pdf.attachments["meisai.csv"] = pikepdf.AttachedFileSpec(
        pdf, "品目,金額\n".encode("cp932"), mime_type="text/csv", creation_date="D:20260601000000", mod_date=""
    )
    return by_qpdf(pdf)


@entry("large stream")
def large_stream() -> bytes:
    """Four megabytes that do not compress away, with what would be syntax outside of a stream."""
    pdf = plain(1)
    noise = bytes(range(256)) * 16_000 + b"endobj startxref 0 %%EOF /ByteRange [0 1 2 3]"
    pdf.Root.Large = pdf.make_indirect(pikepdf.Stream(pdf, noise))
    return by_qpdf(pdf, compress_streams=False)


def archive(part: int) -> bytes:
    """PDF/A of level B: output intent, metadata, an embedded font, no transparency."""
    with pikepdf.open(io.BytesIO(childcare_application())) as source:
        pdf = Pdf.new()
        pdf.add_blank_page(page_size=(595, 842))
        page = pdf.pages[0]
        page.Resources = Dictionary(Font=Dictionary(F1=pdf.copy_foreign(source.pages[0].Resources.Font.Form)))
        page.Contents = pdf.make_stream(b"BT /F1 18 Tf 72 720 Td <001900190019> Tj ET")
        profile = pdf.make_stream(srgb(), N=3)
        intent = Dictionary(Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier="sRGB")
        intent.DestOutputProfile = profile
        pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])
        xmp = XMP.replace(b"PART", b"%d" % part)
        pdf.Root.Metadata = pdf.make_stream(xmp, Type=Name.Metadata, Subtype=Name.XML)
        mode = ObjectStreamMode.disable if part == 1 else ObjectStreamMode.generate
        return by_qpdf(pdf, object_stream_mode=mode, force_version="1.4" if part == 1 else "1.7")


XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>PART</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def srgb() -> bytes:
    """An ICC profile of the sRGB colours, matrix and gamma 2.2: 128 bytes of header, nine tags (ICC.1, 7 to 9)."""

    def fixed(value: float) -> bytes:
        return round(value * 65536).to_bytes(4, "big", signed=True)

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    gamma = b"curv\0\0\0\0" + (1).to_bytes(4, "big") + round(2.2 * 256).to_bytes(2, "big") + b"\0\0"
    words = b"desc\0\0\0\0" + (5).to_bytes(4, "big") + b"sRGB\0" + bytes(79)
    tags = {
        b"desc": words,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": gamma,
        b"gTRC": gamma,
        b"bTRC": gamma,
    }
    table, data = len(tags).to_bytes(4, "big"), b""
    for tag, content in tags.items():
        offset = 128 + 4 + 12 * len(tags) + len(data)
        table += tag + offset.to_bytes(4, "big") + len(content).to_bytes(4, "big")
        data += content.ljust(-(-len(content) // 4) * 4, b"\0")
    size = (128 + len(table) + len(data)).to_bytes(4, "big")
    when = b"".join(part.to_bytes(2, "big") for part in (2026, 6, 1, 0, 0, 0))
    head = size + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + when + b"acsp" + bytes(28)
    return (head + xyz(0.9642, 1, 0.8249)[8:]).ljust(128, b"\0") + table + data


@entry("PDF/A-1b")
def pdf_a_1b() -> bytes:
    return archive(1)


@entry("PDF/A-2b")
def pdf_a_2b() -> bytes:
    return archive(2)


@entry("Japanese, subset font, form, xref table")
def japanese_form() -> bytes:
    return childcare_application()


@entry("Japanese, subset font, form, object streams")
def japanese_compact() -> bytes:
    return employment_certificate()


@entry("Japanese, subset font, linearized")
def japanese_linearized() -> bytes:
    with pikepdf.open(io.BytesIO(childcare_application())) as pdf:
        return by_qpdf(pdf, linearize=True, object_stream_mode=ObjectStreamMode.generate)


@entry("Japanese, font not embedded")
def japanese_not_embedded() -> bytes:
    """A CID font by name alone, as many offices' programs write it."""
    objects = page_objects()
    content = b"BT /F1 18 Tf 72 720 Td <%b> Tj ET" % "見本花子".encode("cp932").hex().encode()
    objects[4] = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content)
    objects[5] = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /90ms-RKSJ-H /DescendantFonts [7 0 R] >>"
    )
    objects[7] = (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /FontDescriptor 8 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>"
    )
    objects[8] = (
        b"<< /Type /FontDescriptor /FontName /HeiseiMin-W3 /Flags 6 /FontBBox [-123 -257 1001 910] /ItalicAngle 0 "
        b"/Ascent 709 /Descent -241 /CapHeight 709 /StemV 69 >>"
    )
    return with_table(objects)


# qpdf


def plain(pages: int) -> Pdf:
    """Pages of text in a standard font."""
    pdf = Pdf.new()
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for number in range(pages):
        pdf.add_blank_page(page_size=(595, 842))
        page = pdf.pages[number]
        page.Resources = Dictionary(Font=Dictionary(F1=font))
        page.Contents = pdf.make_stream(b"BT /F1 18 Tf 72 720 Td (Page %d) Tj ET" % number)
    return pdf


def by_qpdf(pdf: Pdf, **options: object) -> bytes:
    """As qpdf writes it, always the same."""
    out = io.BytesIO()
    pdf.save(out, **{"object_stream_mode": ObjectStreamMode.disable, "static_id": True} | options)
    return out.getvalue()
