"""pyHanko signs with our keys: what comes out is right by other programs, and the event loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

import jitsuin
from jitsuin.pyhanko_signer import JitsuinSigner
from jitsuin.samples.pdf_documents import employment_certificate
from jitsuin.signer.base import PrivateKey, SignatureScheme, Signer
from jitsuin.signer.errors import PinIncorrectError, TransportError
from jitsuin.signer.private_key import OffersPrivateKey

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
PADES = SigSeedSubFilter.PADES


def signed_pdf(signer: JitsuinSigner, field: str = "Seal", subfilter: SigSeedSubFilter = PADES) -> bytes:
    """A sample PDF, signed by pyHanko in a new field."""
    writer = IncrementalPdfFileWriter(io.BytesIO(employment_certificate()))
    signed: io.BytesIO = PdfSigner(PdfSignatureMetadata(field, subfilter=subfilter), signer).sign_pdf(writer)
    return signed.getvalue()


def certificate_for(key: PrivateKey, at: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1, at, at + timedelta(days=1000))
    return builder.add_extension(usage, True).sign(key, hashes.SHA256())


@pytest.fixture
def key_file(tmp_path: Path, at: datetime) -> Callable[[PrivateKey], str]:
    """The URI of a new PKCS#12 file without encryption."""

    def make(key: PrivateKey) -> str:
        content = pkcs12.serialize_key_and_certificates(None, key, certificate_for(key, at), None, NoEncryption())
        (tmp_path / "id.p12").write_bytes(content)
        return f"file:{tmp_path / 'id.p12'}"

    return make


class Slow(OffersPrivateKey):
    """A signer that says when it is at work, and takes its time."""

    issuers = ()

    def __init__(self, at: datetime, seconds: float = 0.2) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self._seconds = seconds
        self.certificate = certificate_for(self._key, at)
        self.begun, self.finished, self.together, self.threads = 0, 0, 0, set[int]()

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        self.begun += 1
        self.together = max(self.together, self.begun - self.finished)
        self.threads.add(threading.get_ident())
        time.sleep(self._seconds)
        self.finished += 1
        return self._key.sign(to_be_signed, padding.PKCS1v15(), scheme.hash)


# What comes out


@pytest.mark.parametrize("subfilter", [PADES, SigSeedSubFilter.ADOBE_PKCS7_DETACHED])
@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_everybody_accepts_it(
    persona: str, subfilter: SigSeedSubFilter, card, person, at: datetime, pdf_judges
) -> None:
    with jitsuin.open_signer(card(persona), pin=person, at=at) as signer:
        adapter = JitsuinSigner(signer)
        assert len(person.asked) == 1
        signed = signed_pdf(adapter, subfilter=subfilter)
    assert len(person.asked) == 1
    pdf_judges.accept(signed, ["Seal"], at=at + timedelta(hours=1))
    tampered = signed.replace(b"/Producer", b"/Producex", 1)
    assert tampered != signed
    assert not any(result.signatures[0].ok for result in pdf_judges.ask(tampered, at=at).values() if result.signatures)


def test_jitsuin_accepts_it_too(card, person, at: datetime, tmp_path: Path) -> None:
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        (tmp_path / "signed.pdf").write_bytes(signed_pdf(JitsuinSigner(signer)))
    options = {"trust": ["simulator"], "crls": [card().removeprefix("simulator:") + "/crl"], "at": at}
    assert jitsuin.verify_file(tmp_path / "signed.pdf", **options).verdict.passed
    assert not jitsuin.verify_file(tmp_path / "signed.pdf", at=at).verdict.passed  # nobody is trusted unasked


@pytest.mark.parametrize(
    ("make", "digest"),
    [
        (lambda: rsa.generate_private_key(65537, 3072), "sha256"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), "sha256"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "sha512"),
    ],
)
def test_the_digest_is_the_one_that_the_key_calls_for(make, digest: str, key_file, person, at: datetime) -> None:
    person.answer = ""
    with jitsuin.open_signer(key_file(make()), pin=person, at=at) as signer:
        signed = signed_pdf(JitsuinSigner(signer))
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert embedded.md_algorithm == digest
    embedded.compute_integrity_info()
    assert embedded.signer_info["signature_algorithm"].hash_algo == digest


def embedded_certificates(signed: bytes) -> set[bytes]:
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    return {choice.chosen.dump() for choice in embedded.signed_data["certificates"]}


def test_which_certificates_are_embedded(card, person, at: datetime) -> None:
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        own, ca = (one.public_bytes(Encoding.DER) for one in (signer.certificate, *signer.issuers))
        assert embedded_certificates(signed_pdf(JitsuinSigner(signer))) == {own, ca}
        assert embedded_certificates(signed_pdf(JitsuinSigner(signer, embed_roots=False))) == {own}
        assert embedded_certificates(signed_pdf(JitsuinSigner(signer, issuers=()))) == {own}


# What is refused


@pytest.mark.parametrize("dry_run", [True, False])
def test_another_digest_is_refused_before_the_key_is_touched(dry_run: bool, at: datetime) -> None:
    slow = Slow(at, seconds=0)
    adapter = JitsuinSigner(slow)
    for digest in ("sha384", "sha512", "sha1", "SHA3_256"):
        with pytest.raises(SigningError, match="sha256"):
            asyncio.run(adapter.async_sign_raw(b"", digest, dry_run=dry_run))
    assert slow.begun == 0
    assert asyncio.run(adapter.async_sign_raw(b"", "SHA256", dry_run=dry_run))


def test_a_document_that_asks_for_another_digest_is_refused(at: datetime) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(employment_certificate()))
    slow = Slow(at, seconds=0)
    with pytest.raises(SigningError, match="sha512"):
        PdfSigner(PdfSignatureMetadata("Seal", md_algorithm="sha512"), JitsuinSigner(slow)).sign_pdf(writer)
    assert slow.begun == 0
    assert signed_pdf(JitsuinSigner(slow))


@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_a_dry_run_gives_room_enough(persona: str, card, person, at: datetime) -> None:
    async def lengths(adapter: JitsuinSigner, digest: str) -> tuple[int, list[int]]:
        room = len(await adapter.async_sign_raw(b"", digest, dry_run=True))
        return room, [len(await adapter.async_sign_raw(bytes(n), digest)) for n in range(8)]

    with jitsuin.open_signer(card(persona), pin=person, at=at) as signer:
        room, real = asyncio.run(lengths(JitsuinSigner(signer), "sha256" if persona == "valid" else "sha384"))
    assert max(real) <= room <= max(real) + 4


def test_a_dry_run_does_not_touch_the_key(at: datetime) -> None:
    slow = Slow(at)
    assert asyncio.run(JitsuinSigner(slow).async_sign_raw(b"", "sha256", dry_run=True)) == bytes(256)
    assert slow.begun == 0


def test_a_wrong_pin_makes_no_signer(card, person, at: datetime) -> None:
    person.answer = "WRONG123"
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        for _ in range(2):
            with pytest.raises(PinIncorrectError):
                JitsuinSigner(signer)
    assert len(person.asked) == 1


def test_it_signs_no_longer_than_the_signer_is_open(card, person, at: datetime) -> None:
    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        adapter = JitsuinSigner(signer)
        assert signed_pdf(adapter)
    with pytest.raises(TransportError) as caught:
        signed_pdf(adapter)
    assert caught.value.reason == "closed"


# In an event loop


def test_the_loop_goes_on_and_signatures_are_made_one_at_a_time(at: datetime) -> None:
    slow = Slow(at)
    adapter = JitsuinSigner(slow)

    async def main() -> int:
        signing = asyncio.gather(*(adapter.async_sign_raw(bytes(n), "sha256") for n in range(3)))
        turns = 0
        while not signing.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert len(set(await signing)) == 3
        return turns

    assert asyncio.run(main()) > 20
    assert (slow.finished, slow.together) == (3, 1)
    assert threading.get_ident() not in slow.threads


def test_cancelling_waits_until_the_token_is_through(at: datetime) -> None:
    slow = Slow(at)
    adapter = JitsuinSigner(slow)

    async def main() -> list[int]:
        first, second = (asyncio.create_task(adapter.async_sign_raw(bytes(n), "sha256")) for n in range(2))
        while not slow.begun:
            await asyncio.sleep(0.01)
        seen = []
        for task in (second, first):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            seen.append(slow.finished)
        return seen

    assert asyncio.run(main()) == [0, 1]
    assert slow.begun == 1  # the second one was still waiting for its turn, and never gets it
    assert asyncio.run(adapter.async_sign_raw(b"", "sha256"))


def test_made_in_a_thread_it_asks_the_pin_there(card, person, at: datetime) -> None:
    async def main(signer: Signer) -> bytes:
        adapter = await asyncio.to_thread(JitsuinSigner, signer)
        return await adapter.async_sign_raw(b"", "sha256")

    with jitsuin.open_signer(card(), pin=person, at=at) as signer:
        assert len(asyncio.run(main(signer))) == 256
    assert len(person.asked) == 1


def test_nobody_pays_for_it_unasked() -> None:
    code = "import sys, jitsuin.cli, jitsuin.pipeline{}; print(*{{'jitsuin.pyhanko_signer'}} & set(sys.modules))"
    for more, expected in (("", ""), (", jitsuin.pyhanko_signer", "jitsuin.pyhanko_signer")):
        done = subprocess.run([sys.executable, "-c", code.format(more)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected
