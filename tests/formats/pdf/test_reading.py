"""Opening PDFs: every defect has its name, beside a control that opens; the rest is as pyHanko reads it."""

# ruff: noqa: E501, PT017 - the tables have one document a line; of mutants it is not known whether they can be read

from __future__ import annotations

import io
import logging
import random
import re
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from handmade import CATALOG, HEADER, OBJECTS, startxref, with_stream, with_table
from jitsuin.formats.errors import FormatError
from jitsuin.formats.pdf.parsing import MAX_DEPTH, parse
from jitsuin.formats.pdf.reading import PdfDocument, open_pdf
from jitsuin.formats.pdf.xrefs import unfilter
from jitsuin.formats.source import Source
from jitsuin.sentences import REMEDIES, VERDICTS

TABLE, STREAM = with_table(), with_stream(packed=(1, 2, 3, 4))


def opened(document: bytes) -> PdfDocument:
    return open_pdf(Source.of(document))


def refusal(document: bytes) -> FormatError:
    with pytest.raises(FormatError) as caught:
        opened(document)
    return caught.value


def four(document: PdfDocument) -> generic.PdfObject:
    found: generic.PdfObject = document.reader.get_object(generic.Reference(4, 0, document.reader))
    return found


# Controls: what must open

OPEN = {
    "table": TABLE,
    "table of lines that end in CR LF": with_table(end_of_line=b"\r\n"),
    "table of lines that end in LF alone": with_table(end_of_line=b"\n"),
    "table of lines of 21 bytes": with_table(end_of_line=b" \r\n"),
    "stream": with_stream(),
    "stream with a predictor": with_stream(predictor=12),
    "stream, not compressed": with_stream(flate=False),
    "stream with wide fields": with_stream(widths=(2, 8, 3)),
    "stream with types left out": with_stream(widths=(0, 3, 2), rows={0: (0, 0, 0)}),
    "object stream": STREAM,
    "object stream, with a predictor": with_stream(packed=(1, 2, 3, 4), predictor=15),
    "updated table": with_table({4: b"(new)"}, TABLE),
    "updated stream": with_stream({4: b"(new)"}, STREAM, number=10),
    "updated stream, objects packed": with_stream({4: b"(new)"}, STREAM, number=10, packed=(4,), stream_number=11),
    "table after stream": with_table({4: b"(new)"}, STREAM),
    "freed and back": with_table({4: b"(new)"}, with_table({}, TABLE, free={4: 1}), generations={4: 1}),
    "identifier": with_table(trailer=b" /ID [<00> (a)]"),
    "comments between trailer and startxref": TABLE.replace(b"startxref", b"%a\n% startxref 5\n\nstartxref"),
    "empty section": with_table({}, TABLE),
    "bytes behind the end": TABLE + b"\0\0\n",
}


@pytest.mark.parametrize("name", OPEN)
def test_opens(name: str) -> None:
    document = opened(OPEN[name])
    assert document.reader.root["/Pages"]["/Count"] == 1
    assert PdfFileReader(io.BytesIO(OPEN[name])).root["/Pages"]["/Count"] == 1


@pytest.mark.parametrize("name", ["updated table", "updated stream", "updated stream, objects packed"])
def test_both_revisions_of_an_object_are_there(name: str) -> None:
    document = opened(OPEN[name])
    assert four(document) == "(new)"[1:-1]
    old = document.reader.get_historical_resolver(0).get_object(generic.Reference(4, 0, document.reader))
    assert old == "four"


# Defects


def replaced(document: bytes, old: bytes, new: bytes) -> bytes:
    assert document.count(old) == 1
    return document.replace(old, new)


def with_startxref(document: bytes, offset: int) -> bytes:
    return re.sub(rb"startxref\n\d+", b"startxref\n%d" % offset, document)


def deep_pages(depth: int) -> bytes:
    nodes = {n: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 1) for n in range(2, depth)}
    return with_table({1: CATALOG, **nodes, depth: OBJECTS[3]})


def encrypted(password: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(TABLE)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user=password))
    return out.getvalue()


DEFECTS: dict[str, tuple[bytes, str, dict[str, object]]] = {
    "empty": (b"", "pdf-header-missing", {}),
    "no PDF": (b"PK\3\4" * 300, "pdf-header-missing", {}),
    "bytes before the header": (b"junk\n" + TABLE, "pdf-bytes-before-header", {"count": 5}),
    "cut off": (TABLE[:-40], "pdf-end-missing", {"size": len(TABLE) - 40}),
    "no startxref": (replaced(TABLE, b"startxref", b"starlxref"), "pdf-startxref-missing", {}),
    "startxref is no number": (re.sub(rb"startxref\n\d", b"startxref\nx", TABLE), "pdf-startxref-malformed", {}),
    "startxref without its end": (TABLE + b"startxref\n9\n", "pdf-startxref-malformed", {"offset": len(TABLE)}),
    "startxref beyond the end": (with_startxref(TABLE, 99999), "pdf-startxref-wrong", {"offset": 99999}),
    "startxref nowhere": (with_startxref(TABLE, 3), "pdf-startxref-wrong", {"offset": 3}),
    "startxref at another object": (
        with_startxref(TABLE, TABLE.index(b"3 0 obj")), "pdf-startxref-wrong", {"offset": TABLE.index(b"3 0 obj")},
    ),
    "off by one": (with_startxref(TABLE, startxref(TABLE) + 1), "pdf-startxref-wrong", {}),
    "/Prev leads back": (
        with_table({4: b"(new)"}, TABLE, prev=len(TABLE) + len(b"4 0 obj\n(new)\nendobj\n")),
        "pdf-startxref-loop", {"offset": len(TABLE) + len(b"4 0 obj\n(new)\nendobj\n")},
    ),
    "/Prev is 0": (with_table(trailer=b" /Prev 0"), "pdf-startxref-wrong", {"offset": 0}),
    "/Prev is a reference": (with_table(trailer=b" /Prev 4 0 R"), "pdf-trailer", {"detail": "/Prev"}),
    "line with letters": (with_table(lines={2: b"00000000xx 00000 n"}), "pdf-xref-entry", {}),
    "line of an unknown type": (with_table(lines={2: b"0000000100 00000 x"}), "pdf-xref-entry", {}),
    "line missing": (with_table(lines={4: b""}, end_of_line=b""), "pdf-xref-entry", {}),
    "two entries for one object": (
        replaced(TABLE, b"trailer", b"2 1\n0000000000 00000 n \ntrailer"), "pdf-xref-duplicate", {"object": 2},
    ),
    "no trailer dictionary": (replaced(TABLE, b"<< /Size", b"[[ /Size"), "pdf-xref-entry", {}),
    "trailer broken": (replaced(TABLE, b"/Root 1 0 R", b"/Root 1 0 R )"), "pdf-trailer", {}),
    "trailer with a key twice": (with_table(trailer=b" /Size 5"), "pdf-trailer", {}),
    "no /Size": (replaced(TABLE, b"/Size", b"/Sise"), "pdf-trailer", {"detail": "/Size"}),
    "/Size too small": (with_table(size=4), "pdf-xref-size", {"object": 4, "size": 4}),
    "/Size shrinks": (
        replaced(with_table({4: b"(new)"}, with_table(size=9)), b"/Size 9 /Root 1 0 R /Prev", b"/Size 5 /Root 1 0 R /Prev"),
        "pdf-xref-shrinks", {"size": 5, "before": 9},
    ),
    "hybrid": (with_table(trailer=b" /XRefStm 15"), "pdf-xref-hybrid", {}),
    "orphaned generation": (
        with_table({4: b"(new)"}, TABLE, generations={4: 2}), "pdf-generation", {"object": 4, "generation": 2},
    ),
    "orphaned generation in a stream": (
        with_stream(rows={4: (1, 15, 3)}), "pdf-generation", {"object": 4, "generation": 3},
    ),
    "generation of 17 bits": (with_table(free={5: 65536}), "pdf-generation", {"object": 5, "generation": 65536}),
    "generation of 24 bits": (
        with_stream(widths=(1, 3, 3), rows={5: (0, 0, 1 << 16)}), "pdf-generation", {"object": 5, "generation": 65536},
    ),
    "freed object comes back unchanged": (
        with_table({4: b"(new)"}, with_table({}, TABLE, free={4: 1})), "pdf-freed-reused", {"object": 4, "generation": 0},
    ),
    "freed object comes back packed": (
        with_stream({4: b"(new)"}, with_table({}, TABLE, free={4: 1}), packed=(4,)),
        "pdf-freed-reused", {"object": 4, "generation": 0},
    ),
    "dead object comes back": (
        with_table({5: b"(new)"}, with_table(free={5: 0})), "pdf-freed-reused", {"object": 5, "generation": 0},
    ),
    "dead object in an update": (with_table({}, TABLE, free={4: 0}), "pdf-free-entry", {"object": 4}),
    "cross-reference stream replaced": (
        with_stream({9: b"(nine)"}, STREAM, number=10), "pdf-xref-stream-replaced", {"object": 9},
    ),
    "object stream replaced": (
        with_stream({8: b"(eight)"}, STREAM, number=10), "pdf-object-stream-replaced", {"object": 8},
    ),
    "stream without /W": (replaced(with_stream(), b"/W [", b"/V ["), "pdf-xref-stream", {"object": 9}),
    "stream with two widths": (replaced(with_stream(), b"/W [1 3 2]", b"/W [1 5]  "), "pdf-xref-stream", {}),
    "stream with an odd index": (with_stream(index=b" /Index [0 5 9]"), "pdf-xref-stream", {}),
    "stream with an index that goes back": (
        with_stream(index=b" /Index [9 1 0 5]"), "pdf-xref-stream", {},
    ),
    "stream with too few entries": (with_stream(index=b" /Index [0 11]"), "pdf-xref-stream", {}),
    "stream with too many entries": (with_stream(index=b" /Index [0 2]"), "pdf-xref-stream", {}),
    "stream with a negative width": (replaced(with_stream(), b"/W [1 3 2]", b"/W [1 -3 2]"), "pdf-xref-stream", {}),
    "stream of an unknown type of entry": (with_stream(rows={4: (3, 0, 0)}), "pdf-xref-stream", {}),
    "stream whose data are cut": (replaced(with_stream(), b"/FlateDecode", b"/LZWDecode  "), "pdf-xref-stream", {}),
    "opens without a password": (encrypted(""), "pdf-encrypted", {}),
    "opens with a password": (encrypted("user"), "pdf-password", {}),
    "no /Root": (replaced(TABLE, b"/Root", b"/Boot"), "pdf-catalog", {"detail": "/Root"}),
    "/Root is no reference": (replaced(TABLE, b"/Root 1 0 R", b"/Root 1    "), "pdf-catalog", {"detail": "/Root"}),
    "/Root is no catalog": (replaced(TABLE, b"/Root 1 0 R", b"/Root 2 0 R"), "pdf-catalog", {"detail": "/Type"}),
    "/Root is a string": (replaced(TABLE, b"/Root 1 0 R", b"/Root 4 0 R"), "pdf-catalog", {"detail": "/Type"}),
    "/Root is missing": (
        replaced(TABLE, b"/Root 1 0 R", b"/Root 5 0 R"), "pdf-object-missing", {"object": 5, "generation": 0},
    ),
    "no /Pages": (replaced(TABLE, b"/Pages 2 0 R", b"/Pates 2 0 R"), "pdf-pages", {"detail": "/Pages"}),
    "/Kids is no array": (replaced(TABLE, b"/Kids [3 0 R]", b"/Kids  3 0 R "), "pdf-pages", {"detail": "/Kids"}),
    "/Pages is a string": (replaced(TABLE, b"/Pages 2 0 R", b"/Pages 4 0 R"), "pdf-pages", {"object": 4}),
    "page tree leads back": (replaced(TABLE, b"/Kids [3 0 R]", b"/Kids [2 0 R]"), "pdf-page-tree-loop", {"object": 2}),
    "page tree without end": (deep_pages(200), "pdf-page-tree-loop", {}),
    "object elsewhere": (
        replaced(TABLE, b"1 0 obj", b"7 0 obj"), "pdf-object-misplaced", {"object": 1, "generation": 0, "offset": 15},
    ),
    "object of another generation": (replaced(TABLE, b"1 0 obj", b"1 1 obj"), "pdf-object-misplaced", {"object": 1}),
    "object without its end": (replaced(TABLE, b"/Pages 2 0 R >>\nendobj", b"/Pages 2 0 R >>\nendxxx"), "pdf-object", {}),
    "catalog with a key twice": (
        replaced(TABLE, b"/Type /Catalog", b"/Pages 2 0 R  "), "pdf-object", {"object": 1},
    ),
    "catalog broken": (replaced(TABLE, b"/Type /Catalog", b"/Type }Catalog"), "pdf-object", {"object": 1}),
    "nested too deep": (
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /X " + b"[" * 9999 + b"]" * 9999 + b" >>"}),
        "pdf-limit", {"what": "nesting"},
    ),
    "in the wrong place of its object stream": (
        with_stream(packed=(1, 2, 3, 4), rows={1: (2, 8, 1)}), "pdf-object-stream", {"object": 1, "stream": 8},
    ),
    "in an object stream that is none": (
        with_stream(rows={1: (2, 4, 0)}), "pdf-object-stream", {"object": 4, "stream": 4},
    ),
    "in an object stream that is in itself": (
        with_stream(packed=(1, 2, 3, 4), rows={8: (2, 8, 0)}), "pdf-object-stream", {"object": 8, "stream": 8},
    ),
    "identifier is a number": (with_table(trailer=b" /ID 4"), "pdf-trailer", {"detail": "/ID"}),
    "identifier of numbers": (with_table(trailer=b" /ID [1 2]"), "pdf-trailer", {"detail": "/ID"}),
    "something between trailer and startxref": (
        replaced(TABLE, b"startxref", b"(something)\nstartxref"), "pdf-revisions", {"detail": "startxref"},
    ),
    "index without end": (with_stream(index=b" /Index [0 99999999999]"), "pdf-limit", {"what": "xref-entries"}),
    "table without end": (replaced(TABLE, b"\n0 5\n", b"\n0 2000000000\n"), "pdf-limit", {"what": "xref-entries"}),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_named(name: str) -> None:
    document, reason, facts = DEFECTS[name]
    error = refusal(document)
    assert error.facts["reason"] == reason
    assert facts.items() <= error.facts.items()
    fields = set(re.findall(r"{(\w+)}", VERDICTS[reason][0]))
    assert fields <= error.facts.keys(), "the sentence needs them"


def test_a_remedy_is_given_for_what_can_be_repaired() -> None:
    named = {reason for _, reason, _ in DEFECTS.values()}
    assert named - REMEDIES.keys() == {"pdf-header-missing", "pdf-limit"}
    assert REMEDIES.keys() - named == {"pdf-unreadable"}


def test_pyhanko_takes_nothing_that_we_refuse_for_no_reason() -> None:
    """What pyHanko reads strictly and we refuse are these, on purpose."""
    logging.disable(logging.ERROR)
    taken = set()
    for name, (document, _, _) in DEFECTS.items():
        try:
            reader = PdfFileReader(io.BytesIO(document))
            if not reader.encrypted and reader.root["/Pages"]["/Kids"]:
                taken.add(name)
        except Exception:  # noqa: BLE001, S112 - it refuses in many ways
            continue
    logging.disable(logging.NOTSET)
    assert taken == {
        "/Kids is no array",
        "identifier is a number",
        "identifier of numbers",
        "something between trailer and startxref",
        "page tree leads back",
        "page tree without end",
        "startxref without its end",
        "stream of an unknown type of entry",
    }


# Whatever bytes there are


def _never_anything_else(document: bytes) -> bool:
    """Whether it opens; FormatError is the only way not to."""
    try:
        reader = opened(document).reader
        for number in range(12):
            try:
                reader.get_object(generic.Reference(number, 0, reader))
            except FormatError as error:
                assert error.facts["reason"] in VERDICTS
    except FormatError as error:
        assert error.facts["reason"] in VERDICTS
        return False
    return True


@pytest.mark.parametrize("name", ["updated table", "updated stream, objects packed"])
def test_cut_off_anywhere(name: str) -> None:
    document = OPEN[name]
    for length in range(len(document) + 1):
        cut = document[:length]
        if _never_anything_else(cut):  # what is left of the second revision is taken for bytes behind the end
            assert opened(cut).reader.xrefs.total_revisions == cut.count(b"%%EOF")
        else:
            assert b"%%EOF" not in cut or cut.count(b"startxref") > cut.count(b"%%EOF")


@pytest.mark.parametrize("name", ["updated table", "updated stream, objects packed", "stream with a predictor"])
def test_mutated_anywhere(name: str) -> None:
    chance = random.Random(name)  # noqa: S311 - the same every time
    document = OPEN[name]
    opens = 0
    for _ in range(2000):
        mutant = bytearray(document)
        for _ in range(chance.choice((1, 1, 1, 3, 20))):
            place = chance.randrange(len(mutant))
            kind = chance.randrange(4)
            if kind == 0:
                mutant[place] = chance.randrange(256)
            elif kind == 1:
                mutant[place] = chance.choice(b"0123456789 <>[]()/%\n-R")
            elif kind == 2:
                del mutant[place : place + chance.randrange(1, 9)]
            else:
                mutant[place:place] = mutant[place : place + chance.randrange(1, 30)]
        opens += _never_anything_else(bytes(mutant))
    assert 0 < opens < 2000


@pytest.mark.parametrize(
    "document",
    [
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /X " + b"1" * 5_000_000 + b" >>"}),
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /X " + b"1 0 " * 1_000_000 + b" >>"}),
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /X " + b"<<" * 1_000_000 + b" >>"}),
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /X <" + b"41" * 2_000_000 + b" >>"}),
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /X (" + b"(" * 2_000_000 + b" >>"}),
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /X (" + b"\\" * 2_000_001 + b" >>"}),
        with_table({**OBJECTS, 1: b"%\n" * 1_000_000 + b"<< /Type /Catalog /Pages 2 0 R"}),
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /Length 1 0 R >>\nstream\n\nendstream"}),
        with_table({**OBJECTS, 1: b"<< /Type /Catalog /Pages 2 0 R /Length 99999999999 >>\nstream\n\nendstream"}),
        with_table({**OBJECTS, 1: b"1 0 R"}),
        with_stream(dictionary=b" /X " + b"[" * 1_000_000),
        with_stream(dictionary=b" /Y [" + b"0 " * 4_000_000 + b"]"),
    ],
    ids=["number", "numbers", "dictionaries", "hex", "parentheses", "backslashes", "comments", "own length", "long", "itself",
         "nested", "array"],
)  # fmt: skip
@pytest.mark.timeout(300)  # ends long before, or hardly ever
def test_hostile_objects_are_refused_in_time(document: bytes) -> None:
    refusal(document)


def test_more_sections_than_are_read() -> None:
    document = TABLE
    for _ in range(30):
        document = with_table({}, document)
    assert opened(document).reader.xrefs.total_revisions == 31
    blocks = [HEADER]
    place, prev = len(HEADER), b""
    for _ in range(1100):
        block = b"xref\n0 0\ntrailer\n<< /Size 1 /Root 1 0 R%b >>\n" % prev
        blocks.append(block)
        prev = b" /Prev %d" % place
        last, place = place, place + len(block)
    error = refusal(b"".join(blocks) + b"startxref\n%d\n%%%%EOF\n" % last)
    assert error.facts["what"] == "xref-sections"


def test_a_cross_reference_stream_that_inflates_without_end() -> None:
    data = zlib.compress(bytes(6 * 9_000_000), 9)
    place = len(HEADER)
    body = (
        b"9 0 obj\n<< /Type /XRef /W [1 3 2] /Size 9000000 /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n"
        % len(data)
    )
    document = HEADER + body + data + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % place
    assert refusal(document).facts["what"] == "xref-stream"


def test_an_object_stream_that_inflates_without_end() -> None:
    data = zlib.compress(b"4 0 " + bytes(90_000_000), 9)
    body = (
        b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(data)
        + data
        + b"\nendstream"
    )
    document = opened(with_stream({**OBJECTS, 5: body}, rows={4: (2, 5, 0)}))
    with pytest.raises(FormatError) as caught:
        four(document)
    assert caught.value.facts["reason"] == "pdf-limit"


# The same as pyHanko


def same_answers(document: bytes) -> None:
    ours, theirs = opened(document).reader, PdfFileReader(io.BytesIO(document))
    assert ours.input_version == theirs.input_version
    assert ours.xrefs.total_revisions == theirs.xrefs.total_revisions
    assert ours.trailer.flatten().keys() == theirs.trailer.flatten().keys()
    for revision in range(theirs.xrefs.total_revisions):
        for question in (
            lambda xrefs, r=revision: xrefs.explicit_refs_in_revision(r),
            lambda xrefs, r=revision: xrefs.refs_freed_in_revision(r),
            lambda xrefs, r=revision: {ref.idnum for ref in xrefs.object_streams_used_in(r)},
            lambda xrefs, r=revision: xrefs.get_startxref_for_revision(r),
            lambda xrefs, r=revision: xrefs.get_xref_container_info(r).size,
            lambda xrefs, r=revision: xrefs.get_xref_container_info(r).xref_section_type,
            lambda xrefs, r=revision: xrefs.get_xref_data(r).freed,
            lambda xrefs, r=revision: xrefs.get_xref_data(r).standard_xrefs,
            lambda xrefs, r=revision: xrefs.get_xref_data(r).xrefs_in_objstm,
            lambda xrefs, r=revision: set(xrefs.get_xref_data(r).higher_generation_refs()),
        ):
            assert question(ours.xrefs) == question(theirs.xrefs)
        for number in range(14):
            for generation in (0, 1, 2):
                reference = generic.Reference(number, generation, ours)
                assert ours.xrefs.get_historical_ref(reference, revision) == theirs.xrefs.get_historical_ref(
                    reference, revision
                )
                for ask in ("get_last_change", "get_introducing_revision"):
                    answers = [_answer(getattr(xrefs, ask), reference) for xrefs in (ours.xrefs, theirs.xrefs)]
                    assert answers[0] == answers[1]


def _answer(ask: Callable[[generic.Reference], int], reference: generic.Reference) -> object:
    try:
        return ask(reference)
    except KeyError:
        return None


@pytest.mark.parametrize("name", OPEN)
def test_the_same_answers_as_pyhanko(name: str) -> None:
    same_answers(OPEN[name])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(4, 7), max_size=3), st.booleans()), max_size=5))
def test_the_same_answers_about_any_history(updates: list[tuple[bool, set[int], bool]]) -> None:
    document, generations, freed, number = TABLE, dict.fromkeys(range(4, 8), 0), {5, 6, 7}, 20
    for as_stream, changed, free in updates:
        if free:
            gone = {one for one in changed if one not in freed}
            generations.update({one: generations[one] + 1 for one in gone})
            freed |= gone
            document = with_table({}, document, free={one: generations[one] for one in gone})
            continue
        freed -= changed
        body = {one: b"(%d)" % len(document) for one in changed}
        number += 2
        if as_stream and not any(generations[one] for one in changed):
            packed = tuple(sorted(changed))
            document = with_stream(body, document, packed=packed, number=number, stream_number=number + 1)
        else:
            document = with_table(body, document, generations=generations)
    same_answers(document)


VALUES = st.recursive(
    st.one_of(
        st.integers(-(10**9), 10**9).map(lambda n: b"%d" % n),
        st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda n: f"{n:f}"[:40].encode()),
        st.sampled_from(
            [b"true", b"false", b"null", b"12 0 R", b"/Name", b"/A#20b", b"/", b"(a\\)b(c)\\101\\n)", b"<41 4>"]
        ),
        st.binary(max_size=40).map(lambda b: b"<" + b.hex().encode() + b">"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: b"[" + b" ".join(items) + b"]"),
        st.lists(inner, max_size=4).map(
            lambda items: b"<<" + b"".join(b"/K%d %b%%c\n" % pair for pair in enumerate(items)) + b">>"
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_the_same_objects_as_pyhanko(text: bytes) -> None:
    reader = opened(TABLE).reader
    container = generic.Reference(4, 0, reader)
    theirs = generic.read_object(io.BytesIO(text + b" endobj"), container)
    ours = parse(text + b" endobj", 0, container)
    assert type(ours) is type(theirs)
    written = [io.BytesIO(), io.BytesIO()]
    ours.write_to_stream(written[0])
    theirs.write_to_stream(written[1])
    assert written[0].getvalue() == written[1].getvalue()
    assert ours.container_ref == theirs.container_ref


def test_nesting_up_to_the_limit() -> None:
    container = generic.Reference(4, 0, opened(TABLE).reader)
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, 0, container)
    with pytest.raises(ValueError, match="nesting"):
        parse(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), 0, container)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=5, max_size=5), max_size=30), st.data())
def test_png_filters_are_undone(rows: list[bytes], data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from([0, 1, 2]), min_size=len(rows), max_size=len(rows)))
    filtered, above = bytearray(), bytes(5)
    for kind, row in zip(kinds, rows, strict=True):
        other = (bytes(5), b"\0" + row[:-1], above)[kind]
        filtered += bytes([kind]) + bytes((a - b) & 0xFF for a, b in zip(row, other, strict=True))
        above = row
    assert unfilter(bytes(filtered), 5) == b"".join(rows)


# In memory or on the disk


def test_a_document_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(STREAM)
    document = open_pdf(Source(partial(path.open, "rb"), len(STREAM)))
    assert document.reader.root["/Pages"]["/Count"] == 1
    assert four(document) == four(opened(STREAM)) == "four"
    path.write_bytes(TABLE[:-9])
    with pytest.raises(FormatError):
        open_pdf(Source(partial(path.open, "rb"), len(TABLE) - 9))
