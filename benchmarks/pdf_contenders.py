"""The tools that sign PDFs, and the child process that runs one of them.

Every tool does the same job: a PDF file in, a PDF file with one invisible signature more out (or a verdict), SHA-256
and an RSA-2048 key that is loaded already where the tool has a way to take one, the signer's certificate alone in the
CMS. See docs/performance.md.

    python pdf_contenders.py prepare FOLDER NAME:KIND:BYTES...
    python pdf_contenders.py sign    FOLDER TOOL WARM_UP DOCUMENT RESULT REPETITIONS     times and memory
    python pdf_contenders.py verify  FOLDER TOOL WARM_UP DOCUMENT REPETITIONS            the same
    python pdf_contenders.py check   FOLDER TOOL DOCUMENT...                             {"valid": [true or false, ...]}

Each prints one JSON object.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from child import PASSPHRASE, Identity, absent, accepts, measure, passed, peak_kilobytes, versions, write_identity
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.serialization import Encoding

CHUNK = 1 << 20
FIELD = "Signature1"


# The floor: what no tool can leave out. It knows nothing of PDF, and what it writes is none.


class Floor:
    """Read, SHA-256, one RSA operation, write: the signature value goes behind the last byte."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def sign_file(self, source: Path, target: Path) -> None:
        digest = hashlib.sha256()
        with source.open("rb", buffering=0) as file, target.open("wb", buffering=0) as out:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
            out.write(self.identity.key.sign(digest.digest(), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())))

    def verify_file(self, path: Path) -> bool:
        digest, left = hashlib.sha256(), path.stat().st_size - self.identity.key.key_size // 8
        with path.open("rb", buffering=0) as file:
            while left and (chunk := file.read(min(left, CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
            value = file.read()
        scheme = padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())
        self.identity.public_key.verify(value, digest.digest(), *scheme)
        return True


# Jitsuin: the adapter alone, the adapter with step 10, and the whole flow of the pipeline


class Jitsuin:
    """Open, prepare, sign with the ready key, embed: steps 1, 7, 8 and 9."""

    def __init__(self, identity: Identity) -> None:
        from jitsuin.formats.base import SigningIdentity, VerificationPolicy
        from jitsuin.formats.pdf.adapter import PdfAdapter
        from jitsuin.formats.profiles import PADES_B_B, Chain
        from jitsuin.storage import open_document

        self.identity = identity
        self.signing_identity = SigningIdentity(identity.certificate)
        self.profile = replace(PADES_B_B, chain=Chain.LEAF)
        self.policy = VerificationPolicy()
        self.adapter = PdfAdapter()
        self.open = lambda path: self.adapter.open(open_document(path))
        self.at = datetime.now(UTC)

    def sign_file(self, source: Path, target: Path) -> None:
        prepared = self.adapter.prepare(self.open(source), self.signing_identity, self.profile, self.at)
        value = self.identity.sign(prepared.to_be_signed)
        with target.open("wb") as out:
            prepared.embed(value, out)

    def verify_file(self, path: Path) -> bool:
        findings = self.adapter.verify(self.open(path), self.policy)
        return all(finding.verdict.passed for finding in findings)


class JitsuinChecked(Jitsuin):
    """The same, and then step 10: what was written is read again and verified."""

    def sign_file(self, source: Path, target: Path) -> None:
        super().sign_file(source, target)
        passed(self.verify_file(target))


class JitsuinFile:
    """`sign_file` and `verify_file`: all twelve steps, with trust and a CRL; the key is open already."""

    def __init__(self, identity: Identity, key: str = "", pin: str = PASSPHRASE) -> None:
        """`key`: another home of the same key than the PKCS#12 file."""
        import jitsuin

        self.jitsuin = jitsuin
        self.judging: dict[str, Any] = {
            "trust": [identity.folder / "ca.der"],
            "crls": [identity.folder / "crl"],
            "revocation": "require",
        }
        key = key or f"file:{identity.folder / 'identity.p12'}"
        self.signer = jitsuin.open_signer(key, pin=lambda _request: pin)
        assert self.signer.certificate == identity.certificate

    def sign_file(self, source: Path, target: Path) -> None:
        self.jitsuin.sign_file(source, target, signer=self.signer, chain="leaf", overwrite=True, **self.judging)

    def verify_file(self, path: Path) -> bool:
        return bool(self.jitsuin.verify_file(path, **self.judging).verdict.passed)


# The others


class PyHanko:
    """pyHanko's PdfSigner, PAdES B-B, as it comes; validation with the CA as trust root, nothing fetched."""

    reserved: ClassVar[int | None] = None
    """Bytes for /Contents; None lets pyHanko build the CMS once more beforehand, to learn its size."""

    def __init__(self, identity: Identity) -> None:
        from asn1crypto import x509
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign import PdfSignatureMetadata, PdfSigner, Signer
        from pyhanko.sign.fields import SigSeedSubFilter
        from pyhanko.sign.validation import validate_pdf_signature
        from pyhanko_certvalidator import ValidationContext

        class ReadyKey(Signer):
            """A key object of cryptography; SimpleSigner would load and check the key for every signature."""

            async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002
                return bytes(identity.key.key_size // 8) if dry_run else identity.sign(data)

        certificate = x509.Certificate.load(identity.certificate.public_bytes(Encoding.DER))
        self.signer = ReadyKey(signing_cert=certificate)
        self.metadata = PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        self.pdf_signer, self.writer = PdfSigner, IncrementalPdfFileWriter
        self.reader, self.validate = PdfFileReader, validate_pdf_signature
        root = x509.Certificate.load((identity.folder / "ca.der").read_bytes())
        self.context = lambda: ValidationContext(trust_roots=[root], allow_fetching=False)

    def sign_file(self, source: Path, target: Path) -> None:
        with source.open("rb") as file, target.open("w+b") as out:
            self.pdf_signer(self.metadata, self.signer).sign_pdf(
                self.writer(file), bytes_reserved=self.reserved, output=out
            )

    def verify_file(self, path: Path) -> bool:
        with path.open("rb") as file:
            found = self.reader(file).embedded_signatures
            return bool(found) and all(self.validate(one, self.context()).bottom_line for one in found)


class PyHankoReserved(PyHanko):
    """The same, told how much room to leave."""

    reserved = 8192


class Endesive:
    """endesive, adbe.pkcs7.detached. Told how much room to leave, or it would sign twice."""

    def __init__(self, identity: Identity) -> None:
        self.identity, self.cms = identity, self.signing_half()

    @staticmethod
    def signing_half() -> Any:
        """endesive.pdf.cms, without the package's own __init__: that loads the verifying half, too, whose oscrypto
        cannot make out the version of OpenSSL 3.0.10 and later.
        """
        (folder,) = importlib.import_module("endesive").__path__
        package = sys.modules["endesive.pdf"] = ModuleType("endesive.pdf")
        package.__path__ = [str(Path(folder) / "pdf")]
        return importlib.import_module("endesive.pdf.cms")

    def sign_file(self, source: Path, target: Path) -> None:
        data = source.read_bytes()
        date = datetime.now(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")
        options = {"sigflags": 3, "sigfield": FIELD, "signingdate": date, "aligned": 8192}
        update = self.cms.sign(data, options, self.identity.key, self.identity.certificate, [], "sha256")
        with target.open("wb") as out:
            out.write(data)
            out.write(update)


class RustPdf:
    """rustpdf (Rust), PAdES B-B, its interface for keys elsewhere."""

    def __init__(self, identity: Identity) -> None:
        import rustpdf

        self.identity, self.rustpdf = identity, rustpdf
        self.certificate = identity.certificate.public_bytes(Encoding.DER)
        self.options = rustpdf.SigningOptions(pades=True)

    def sign_file(self, source: Path, target: Path) -> None:
        signed = self.rustpdf.sign_with(source.read_bytes(), self.certificate, self.identity.sign, options=self.options)
        target.write_bytes(signed)


class PdfSignerPy:
    """pdfsignerpy (Rust), PAdES B-B. It takes nothing but a PKCS#12 file, which it decrypts for each signature."""

    def __init__(self, identity: Identity) -> None:
        import pdfsigner

        self.key, self.pdfsigner = identity.folder / "identity.p12", pdfsigner

    def sign_file(self, source: Path, target: Path) -> None:
        self.pdfsigner.sign_pdf(source, target, self.key, PASSPHRASE)

    def verify_file(self, path: Path) -> bool:
        report = self.pdfsigner.verify_pdf_report(path)
        return bool(report["signatures"] and report["document_intact"] and report["all_valid"])


class PdfSig:
    """poppler's pdfsig, a process for each document; it is not asked about the certificate."""

    def __init__(self, identity: Identity) -> None:
        self.home = identity.folder / "home"

    def verify_file(self, path: Path) -> bool:
        done = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False)
        counted = ("Signature #", "Signature is Valid.", "Total document signed")
        signatures, valid, whole = map(done.stdout.count, counted)
        return signatures > 0 and signatures == valid == whole


TOOLS: dict[str, Callable[[Identity], Any]] = {
    "floor": Floor,
    "jitsuin": Jitsuin,
    "jitsuin-checked": JitsuinChecked,
    "jitsuin-file": JitsuinFile,
    "pyhanko": PyHanko,
    "pyhanko-reserved": PyHankoReserved,
    "endesive": Endesive,
    "rustpdf": RustPdf,
    "pdfsignerpy": PdfSignerPy,
    "pdfsig": PdfSig,
}


# The child process


def prepare(folder: Path, documents: list[str]) -> dict[str, Any]:
    """Write the identity and the unsigned documents; say which versions are used and which tools are absent."""
    from pdf_documents import MAKERS

    write_identity(folder)
    for document in documents:
        name, kind, size = document.split(":")
        MAKERS[kind](folder / f"{name}.pdf", int(size))
    missing = absent(("endesive", "rustpdf")) | {
        tool: reason
        for module, tool in (("pdfsigner", "pdfsignerpy"), ("pyhanko.sign", "pyhanko"))
        for reason in absent((module,)).values()
    }
    if "pyhanko" in missing:
        missing["pyhanko-reserved"] = missing["pyhanko"]
    found = versions()
    for name in ("pyHanko", "pyhanko-cli", "asn1crypto", "endesive", "rustpdf", "pdfsignerpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            missing.setdefault(name, "not installed")
    if shutil.which("pdfsig"):
        told = subprocess.run(["pdfsig", "-v"], capture_output=True, text=True, check=False).stderr
        found["pdfsig"] = told.splitlines()[0].rpartition(" ")[2]
    else:
        missing["pdfsig"] = "not installed (Debian: poppler-utils)"
    return {"versions": found, "absent": missing}


def sign(folder: Path, tool: str, warm_up: Path, document: Path, result: Path, repetitions: int) -> dict[str, Any]:
    """A small document goes first, uncounted, so that what is imported late is imported."""
    contender = TOOLS[tool](Identity(folder))
    contender.sign_file(warm_up, result)
    before = peak_kilobytes()
    # A file that is there already would be cut off first, and the file system may then write at once (ext4 does).
    clear = partial(result.unlink, missing_ok=True)
    return measure(lambda: contender.sign_file(document, result), repetitions, before, clear)


def verify(folder: Path, tool: str, warm_up: Path, document: Path, repetitions: int) -> dict[str, Any]:
    contender = TOOLS[tool](Identity(folder))
    contender.verify_file(warm_up)
    before = peak_kilobytes()
    return measure(lambda: passed(contender.verify_file(document)), repetitions, before)


def check(folder: Path, tool: str, documents: list[Path]) -> dict[str, Any]:
    """The tool as a judge: whether it accepts each document."""
    contender = TOOLS[tool](Identity(folder))
    return {"valid": [accepts(contender.verify_file, document) for document in documents]}


def main(arguments: list[str]) -> None:
    command, folder, *rest = arguments
    answer: dict[str, Any]
    match command, rest:
        case "prepare", documents:
            answer = prepare(Path(folder), documents)
        case "sign", [tool, warm_up, document, result, repetitions]:
            answer = sign(Path(folder), tool, Path(warm_up), Path(document), Path(result), int(repetitions))
        case "verify", [tool, warm_up, document, repetitions]:
            answer = verify(Path(folder), tool, Path(warm_up), Path(document), int(repetitions))
        case "check", [tool, *documents]:
            answer = check(Path(folder), tool, [Path(document) for document in documents])
        case _:
            raise SystemExit(__doc__)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
