"""A prepared document is plain data: it can be pickled and get its signature in another process."""

from __future__ import annotations

import dataclasses
import io
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from jitsuin.formats.source import Source
from jitsuin.samples.documents import consumption_tax_return, income_tax_return, pension_certificate

DOCUMENTS = {
    "etax": income_tax_return(),
    "certificate-xml": pension_certificate(),
    "xmldsig": '<?xml version="1.0" encoding="UTF-16"?><項目 a="&#13;"/>'.encode("utf-16"),
}
EMBED = """
import pickle, sys
from pathlib import Path
prepared = pickle.loads(Path(sys.argv[1]).read_bytes())
with Path(sys.argv[3]).open("wb") as out:
    prepared.embed(Path(sys.argv[2]).read_bytes(), out)
"""


@pytest.mark.parametrize("who", ["valid", "p384"])
@pytest.mark.parametrize("format_name", DOCUMENTS)
def test_embedded_in_another_process(format_name, who, desk, bench, party, tmp_path: Path) -> None:
    prepared = desk.prepare(DOCUMENTS[format_name], party(who), format_name)
    value = party(who).sign(prepared.to_be_signed, prepared.scheme)
    here = io.BytesIO()
    prepared.embed(value, here)
    carried, signature, out = tmp_path / "prepared", tmp_path / "value", tmp_path / "out.xml"
    carried.write_bytes(pickle.dumps(prepared))
    signature.write_bytes(value)
    subprocess.run([sys.executable, "-c", EMBED, carried, signature, out], check=True, cwd=tmp_path)
    assert out.read_bytes() == here.getvalue()
    bench.accept(out.read_bytes(), format_name)


@pytest.mark.parametrize("profile", [*DOCUMENTS, "xades-b-b", "xades-b-t"])
def test_an_outline_serves_another_signer(profile, desk, party) -> None:
    """What a stand-in rehearsed, carried elsewhere without the document, gives what the signer would have prepared."""
    document = DOCUMENTS.get(profile, DOCUMENTS["xmldsig"])
    stand_in = desk.prepare(document, party("second"), profile)
    outline = pickle.loads(pickle.dumps(stand_in.outline))  # noqa: S301 - our own
    prepared = outline.prepared(Source.of(document), party("valid").identity)
    assert prepared == desk.prepare(document, party("valid"), profile) != stand_in
    assert outline.prepared(Source.of(document), party("p384").identity) is None, "it wants digests by SHA-384"


def test_an_outline_remembers_ids_that_look_like_ours(desk, party) -> None:
    plain = b"<r><a>%s</a></r>"
    first = desk.prepare(plain % b"", party("valid"), "xmldsig")
    # Id attributes are covered: the digest, and with it our Id, is that of the document with them.
    document = b'<r><a Id="%s">%s</a><b><c Id="_0123456789abcdef"/></b></r>'
    outline = desk.prepare(document % (b"x", b""), party("second"), "xmldsig").outline
    assert outline.ids == ("_0123456789abcdef",)
    taken = dataclasses.replace(outline, ids=(first.signature_id,), references=first.outline.references)
    again = taken.prepared(Source.of(plain % b""), party("valid").identity)
    assert again.signature_id == first.signature_id + "1"


def test_attachments_are_carried_one_by_one(desk, party) -> None:
    prepared = desk.prepare(consumption_tax_return(), party("valid"), "etax", attachments=True)
    again = pickle.loads(pickle.dumps(prepared))  # noqa: S301 - our own
    assert again == prepared
    assert not again.last
    assert again.outline is None, "the document is another afterwards"


def test_frozen_and_reproducible(desk, party) -> None:
    """Nothing of the clock or of chance is in it: what is shown before signing is what gets signed."""
    first, second = (desk.prepare(DOCUMENTS["etax"], party("valid"), "etax") for _ in range(2))
    assert first == second
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.to_be_signed = b""
    assert desk.prepare(DOCUMENTS["etax"], party("second"), "etax") != first


def test_a_wrong_value_is_not_valid(desk, party) -> None:
    """Embedding does not check the value: verifying what was written does."""
    prepared = desk.prepare(DOCUMENTS["etax"], party("valid"), "etax")
    for value, passes in ((party("valid").sign(prepared.to_be_signed, prepared.scheme), True), (bytes(256), False)):
        out = io.BytesIO()
        prepared.embed(value, out)
        assert desk.verdict(out.getvalue(), "etax").passed == passes
