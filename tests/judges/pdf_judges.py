"""Programs that share no code with Jitsuin's PDF modules and say whether a signed PDF is right.

Six of them, each with a different reader and a different cryptographic library:

    PdfSig      poppler and NSS         reader, digest, value, chain
    PdfBox      PDFBox, BouncyCastle    reader, digest, value, chain (by the JDK)
    MuTool      MuPDF and OpenSSL       reader, digest, value, and what was changed afterwards
    PyHanko     pyHanko's validation    reader, digest, value, chain, and what was changed afterwards
    OpenSslCms  openssl cms             digest, value, chain, ESS attributes; the DER is cut out by a regular expression
    Qpdf        qpdf --check            the file as a file: cross-references, streams, page tree

pyHanko's object model is below ours, its validation (pyhanko.sign) is not. Tests get all of them together as the
fixture `pdf_judges` (tests/conftest.py), with the simulator's CAs as anchors. The moment of judging is always given:

    pdf_judges.accept(signed, ["Signature1"], at=AT)
    assert not pdf_judges.ask(tampered, at=AT)["pdfsig"].ok
"""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from programs import JavaProgram, require, run

JARS = {
    # file: the package that brings it
    "/usr/share/java/pdfbox2.jar": "libpdfbox2-java",
    "/usr/share/java/fontbox2.jar": "libfontbox2-java",
    "/usr/share/java/commons-logging.jar": "libcommons-logging-java",
    "/usr/share/java/bcprov.jar": "libbcprov-java",
    "/usr/share/java/bcpkix.jar": "libbcpkix-java",
    "/usr/share/java/bcutil.jar": "libbcutil-java",
}
HASH_OIDS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


class After(StrEnum):
    """What a judge says of the bytes behind the part of the file that a signature covers."""

    NOTHING = "nothing"
    """The signature covers the whole file."""
    PERMITTED = "permitted"
    """There are revisions, and the judge finds nothing wrong with them (or does not look at what they do)."""
    FORBIDDEN = "forbidden"


@dataclass(frozen=True)
class PdfSignature:
    """What a judge says of one signature. None: it does not say."""

    field: str | None
    """Full name of the field."""
    intact: bool
    """Digest and signature value are right."""
    trusted: bool | None = None
    """There is a chain to one of the given anchors at the given moment."""
    after: After | None = None
    hash: str | None = None
    """`sha256` and the like."""
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.intact and self.trusted is not False and self.after is not After.FORBIDDEN


@dataclass(frozen=True)
class PdfResult:
    """What a judge says of the file."""

    readable: bool
    """The judge could read the file without repairing it."""
    signatures: tuple[PdfSignature, ...] = ()
    """In the order of the revisions."""
    detail: str = ""

    @property
    def ok(self) -> bool:
        """The file is well-formed and every signature right, as far as this judge looks."""
        return self.readable and all(one.ok for one in self.signatures)

    @property
    def covered(self) -> bool:
        """The newest signature covers the file to its last byte; also where the judge does not say."""
        return bool(self.signatures) and self.signatures[-1].after in (After.NOTHING, None)


class PdfSig:
    """poppler's pdfsig, with the anchors in an NSS database. faketime sets the clock, for which it has no option.

    It looks at ranges only, not at what later revisions do, and repairs what it cannot read without a word. Of one
    person's second signature in a file, NSS sometimes reports "Unknown issue with Certificate", whoever made the file.
    """

    def __init__(self, work: Path, anchors: Sequence[x509.Certificate]) -> None:
        needed = {"pdfsig": "poppler-utils", "certutil": "libnss3-tools", "faketime": "faketime"}
        for command, package in needed.items():
            require(command, package)
        work.mkdir(parents=True, exist_ok=True)
        self._database = f"sql:{work}"
        self._run("certutil", "-N", "-d", self._database, "--empty-password")
        for number, anchor in enumerate(anchors):
            pem = anchor.public_bytes(Encoding.PEM)
            add = ["certutil", "-A", "-d", self._database, "-n", f"anchor {number}", "-t", "CT,CT,CT", "-a"]
            self._run(*add, stdin=pem)

    def verify(self, path: Path, at: datetime) -> PdfResult:
        clock = ["env", "TZ=UTC0", "faketime", "-f", f"@{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"]
        done = run([*clock, "pdfsig", "-nssdir", self._database, str(path)])
        text = (done.stdout + done.stderr).decode(errors="replace")
        blocks = re.split(r"^Signature #\d+:\n", done.stdout.decode(errors="replace"), flags=re.MULTILINE)[1:]
        signed = [block for block in blocks if "The signature form field is not signed." not in block]
        return PdfResult(b"Error" not in done.stderr, tuple(self._signature(block) for block in signed), text)

    def _signature(self, block: str) -> PdfSignature:
        said = dict(re.findall(r"^  - ([^:\n]+): (.*)$", block, re.MULTILINE))
        whole = re.search(r"^  - Total document signed$", block, re.MULTILINE)
        return PdfSignature(
            said.get("Signature Field Name"),
            said.get("Signature Validation") == "Signature is Valid.",
            said.get("Certificate Validation") == "Certificate is Trusted.",
            After.NOTHING if whole else After.PERMITTED,
            said.get("Signing Hash Algorithm", "").replace("-", "").lower(),
            block,
        )

    def _run(self, *command: str, stdin: bytes = b"") -> None:
        done = run(command, stdin=stdin)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace"))


class PdfBox:
    """Apache PDFBox 2 with BouncyCastle: one Java process that answers request after request.

    It reads a damaged file as well as it can; what the ranges leave out has to be /Contents and nothing else.
    """

    def __init__(self, work: Path, anchors: Sequence[x509.Certificate]) -> None:
        for jar, package in JARS.items():
            require(jar, package)
        self._java = JavaProgram("PdfBoxSignatures.java", work, [Path(jar) for jar in JARS])
        self._anchors = []
        for number, anchor in enumerate(anchors):
            self._anchors.append(work / f"anchor-{number}.der")
            self._anchors[-1].write_bytes(anchor.public_bytes(Encoding.DER))

    def verify(self, path: Path, at: datetime) -> PdfResult:
        fields = [("file", str(path)), ("at", str(int(at.timestamp() * 1000)))]
        status, answer = self._java.ask("verify", fields + [("anchor", str(anchor)) for anchor in self._anchors])
        return PdfResult(
            status == "OK",
            tuple(self._signature(value) for name, value in answer if name == "signature"),
            " ".join(value for name, value in answer if name == "detail"),
        )

    def _signature(self, value: str) -> PdfSignature:
        field, intact, trusted, whole, oid, why = value.split("|", 5)
        after = After.NOTHING if whole == "true" else After.PERMITTED
        return PdfSignature(field, intact == "true", trusted == "true", after, HASH_OIDS.get(oid), why)

    def close(self) -> None:
        """End the Java process; the next question starts another."""
        self._java.close()


class MuTool:
    """MuPDF's mutool. It trusts nobody but Adobe's list, so it is not asked about the chain.

    Whatever follows a signature is "edits" to it, another signature as well.
    """

    def __init__(self) -> None:
        require("mutool", "mupdf-tools")

    def verify(self, path: Path, at: datetime) -> PdfResult:
        done = run(["mutool", "sign", "-v", str(path)])
        errors = done.stderr.decode(errors="replace")
        blocks = re.split(r"^Verifying signature \d+:\n", done.stdout.decode(errors="replace"), flags=re.MULTILINE)[1:]
        # "array not closed", "trying to repair broken xref", …: it could not read the file as it is.
        signed = [block for block in blocks if "Signature is not signed." not in block]
        return PdfResult(not errors, tuple(self._signature(block) for block in signed), errors)

    def _signature(self, block: str) -> PdfSignature:
        unchanged = "The document is unchanged since signing." in block
        edited = "The signature is valid but there have been edits since signing." in block
        after = After.NOTHING if unchanged else After.PERMITTED if edited else None
        return PdfSignature(None, unchanged or edited, None, after, detail=block)


class Qpdf:
    """qpdf's own check of the file; it knows nothing of signatures."""

    def __init__(self) -> None:
        require("qpdf", "qpdf")

    def verify(self, path: Path, at: datetime) -> PdfResult:
        done = run(["qpdf", "--check", str(path)])
        text = (done.stdout + done.stderr).decode(errors="replace")
        return PdfResult(done.returncode == 0 and b"No syntax or stream encoding errors" in done.stdout, detail=text)


class OpenSslCms:
    """`openssl cms -verify` on DER and covered bytes that a regular expression cuts out of the file.

    Where the signature dictionary says ETSI.CAdES.detached, the ESS signing-certificate attribute must be right.
    """

    RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")

    def __init__(self, anchors: Sequence[x509.Certificate]) -> None:
        require("openssl", "openssl")
        self._anchors = b"".join(anchor.public_bytes(Encoding.PEM) for anchor in anchors)

    def verify(self, path: Path, at: datetime) -> PdfResult:
        data = path.read_bytes()
        found = [tuple(map(int, match.groups())) for match in self.RANGE.finditer(data)]
        ranges = sorted(found, key=lambda one: one[2] + one[3])
        return PdfResult(True, tuple(self._signature(data, one, at) for one in ranges))

    def _signature(self, data: bytes, byte_range: tuple[int, ...], at: datetime) -> PdfSignature:
        start, length, second, tail = byte_range
        after = After.NOTHING if second + tail == len(data) else After.PERMITTED
        gap = re.fullmatch(rb"<([0-9A-Fa-f]+)>", data[start + length : second])
        if start != 0 or gap is None or second + tail > len(data):
            return PdfSignature(
                None, False, None, after, detail="the byte range does not leave out a hexadecimal string"
            )
        contents = bytes.fromhex(gap[1].decode())
        # Padding is no part of the DER.
        der = contents[: _der_length(contents)]
        if contents[len(der) :].strip(b"\0"):
            return PdfSignature(None, False, None, after, detail="something follows the DER")
        covered = data[:length] + data[second : second + tail]
        # The dictionary that holds this gap lies around it; nothing else between two `obj` says SubFilter.
        begin, end = data.rfind(b" obj", 0, length), data.find(b"endobj", second)
        cades = b"/ETSI.CAdES.detached" in data[begin:end]
        done = self._openssl(der, covered, at, ["-cades"] * cades)
        trusted = done.returncode == 0
        intact = trusted or self._openssl(der, covered, at, ["-noverify"]).returncode == 0
        return PdfSignature(None, intact, trusted, after, detail=done.stderr.decode(errors="replace"))

    def _openssl(
        self, der: bytes, content: bytes, at: datetime, options: Sequence[str]
    ) -> subprocess.CompletedProcess[bytes]:
        with tempfile.TemporaryDirectory() as name:
            anchors, signature, covered = (Path(name, part) for part in ("anchors.pem", "signature.der", "covered"))
            anchors.write_bytes(self._anchors)
            signature.write_bytes(der)
            covered.write_bytes(content)
            trust = ["-CAfile", str(anchors), "-no-CApath", "-no-CAstore", "-attime", str(int(at.timestamp()))]
            files = ["-in", str(signature), "-content", str(covered), "-out", "/dev/null"]
            return run(
                ["openssl", "cms", "-verify", "-binary", "-inform", "DER", *files, *trust, "-purpose", "any", *options]
            )


class PyHanko:
    """pyHanko's own validation, with its default policy about what may follow a signature."""

    def __init__(self, anchors: Sequence[x509.Certificate]) -> None:
        self._anchors = [asn1_x509.Certificate.load(anchor.public_bytes(Encoding.DER)) for anchor in anchors]

    def verify(self, path: Path, at: datetime) -> PdfResult:
        signatures = []
        try:
            reader = PdfFileReader(io.BytesIO(path.read_bytes()), strict=True)
            for embedded in reader.embedded_signatures:
                context = ValidationContext(trust_roots=self._anchors, moment=at, allow_fetching=False)
                status = validate_pdf_signature(embedded, context)
                after = After.PERMITTED if status.docmdp_ok else After.FORBIDDEN
                if status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
                    after = After.NOTHING
                intact = status.intact and status.valid
                found = PdfSignature(embedded.field_name, intact, status.trusted, after, status.md_algorithm)
                signatures.append(replace(found, detail=status.summary()))
        except Exception as error:  # noqa: BLE001 - whatever it stumbles over, the answer is no
            return PdfResult(False, tuple(signatures), f"{type(error).__name__}: {error}")
        return PdfResult(True, tuple(signatures))


class PdfJudge(Protocol):
    def verify(self, path: Path, at: datetime) -> PdfResult:
        """Judge every signature as of that moment."""


class PdfJudges:
    """All of them, asked together."""

    def __init__(self, work: Path, java: Path, anchors: Sequence[x509.Certificate]) -> None:
        """`work`: a new folder for this process. `java`: one that other processes may share."""
        self._pdfbox = PdfBox(java, anchors)
        self._work = work
        self.by_name: Mapping[str, PdfJudge] = {
            "pdfsig": PdfSig(work / "nss", anchors),
            "pdfbox": self._pdfbox,
            "mutool": MuTool(),
            "pyhanko": PyHanko(anchors),
            "openssl": OpenSslCms(anchors),
            "qpdf": Qpdf(),
        }

    def ask(self, document: bytes | Path, at: datetime) -> Mapping[str, PdfResult]:
        """What each says, by its name."""
        path = document if isinstance(document, Path) else self._work / "document.pdf"
        if isinstance(document, bytes):
            path.write_bytes(document)
        return {name: judge.verify(path, at) for name, judge in self.by_name.items()}

    def accept(
        self, document: bytes | Path, fields: Sequence[str], at: datetime, but: Collection[str] = ()
    ) -> Mapping[str, PdfResult]:
        """Everybody finds just these signatures, oldest first, and all of them right; else AssertionError.

        `but`: who is not listened to.
        """
        results = self.ask(document, at)
        for name, result in results.items():
            if name in but:
                continue
            assert result.ok, f"{name}: {result.detail} {[one for one in result.signatures if not one.ok]}"
            if name == "qpdf":
                continue
            assert len(result.signatures) == len(fields), f"{name}: {len(result.signatures)} signatures"
            assert result.covered, f"{name}: {result.signatures[-1].detail}"
            assert all(one.field in (None, field) for one, field in zip(result.signatures, fields, strict=True)), name
        return results

    def close(self) -> None:
        """End the Java process; the next question starts another."""
        self._pdfbox.close()


def _der_length(data: bytes) -> int:
    """Length of the first DER element, header and content; all there is where the header makes no sense."""
    if len(data) < 2 or data[1] < 0x80:
        return 2 + data[1] if len(data) > 1 else len(data)
    octets = data[1] & 0x7F
    return 2 + octets + int.from_bytes(data[2 : 2 + octets], "big")
