"""What a batch is compared with: the plain loop that one would write over the other libraries, in a child process.

python batch_contenders.py prepare FOLDER NAME:KIND:COUNT:BYTES:BROKEN...
python batch_contenders.py loop    FOLDER TOOL SOURCE TARGET       seconds of the loop, imports and key not counted;
                                                                TOOL+ also verifies each file that it has written
python batch_contenders.py check   FOLDER DOCUMENT...              {"valid": [true or false, ...]}
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pdf_contenders
import xml_contenders
from child import Identity, absent, accepts, versions, write_identity
from cryptography.hazmat.primitives.serialization import Encoding

TOOLS: dict[str, Callable[[Identity], Any]] = {
    "floor": pdf_contenders.Floor,
    "pyhanko": pdf_contenders.PyHanko,
    "signxml": xml_contenders.SignXml,
}


def prepare(folder: Path, folders: list[str]) -> dict[str, Any]:
    """The identity, as a file and as a simulated card, and the folders of unsigned files."""
    from importlib.metadata import version

    from batch_documents import fill

    from jitsuin.signer.simulator import create_card

    write_identity(folder)
    create_card(folder / "card", "valid", datetime.now(UTC).replace(microsecond=0))
    for one in folders:
        name, kind, count, size, broken = one.split(":")
        fill(folder / name, kind, int(count), int(size), int(broken))
    missing = {
        tool: reason
        for module, tool in (("pyhanko.sign", "pyhanko"), ("signxml", "signxml"))
        for reason in absent((module,)).values()
    }
    missing |= {
        program: f"not installed (Debian: {package})"
        for program, package in (("pdfsig", "poppler-utils"), ("xmlsec1", "xmlsec1"))
        if shutil.which(program) is None
    }
    names = {"pyHanko": "pyhanko", "signxml": "signxml"}
    found = versions() | {name: version(name) for name, tool in names.items() if tool not in missing}
    return {"versions": found, "absent": missing}


def loop(folder: Path, tool: str, source: Path, target: Path) -> dict[str, Any]:
    """Every file once, one after the other. The first goes once more beforehand: what is imported late is imported."""
    contender = TOOLS[tool.removesuffix("+")](Identity(folder))

    def verify(result: Path) -> None:
        right = (
            contender.verify_file(result)
            if hasattr(contender, "verify_file")
            else contender.verify(result.read_bytes())
        )
        if not right:
            raise SystemExit(f"{tool} does not accept what it wrote: {result.name}")

    def sign(document: Path, result: Path) -> None:
        if hasattr(contender, "sign_file"):
            contender.sign_file(document, result)
        else:
            result.write_bytes(contender.sign(document.read_bytes()))
        if tool.endswith("+"):
            verify(result)

    documents = sorted(path for path in source.rglob("*") if path.is_file())
    target.mkdir()
    sign(documents[0], target / "first")
    begin, begin_cpu = time.perf_counter(), time.process_time()
    for document in documents:
        sign(document, target / document.name)
    return {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - begin_cpu, "files": len(documents)}


def check(folder: Path, documents: list[Path]) -> dict[str, Any]:
    """What programs that share no code with Jitsuin say: pdfsig to PDFs, xmlsec1 to returns."""
    identity = Identity(folder)
    certificate = folder / "certificate.pem"
    certificate.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    pdfsig = pdf_contenders.PdfSig(identity)

    def verify(document: Path) -> bool:
        return pdfsig.verify_file(document) if document.suffix == ".pdf" else _xmlsec1(certificate, document)

    return {"valid": [accepts(verify, document) for document in documents]}


def _xmlsec1(certificate: Path, document: Path) -> bool:
    """The key is pinned: whether the certificate is trusted is not what it is asked."""
    command = ["xmlsec1", "--verify", "--enabled-reference-uris", "empty,same-doc", "--enabled-key-data", "key-name"]
    command += ["--id-attr:id", f"http://xml.e-tax.nta.go.jp/XSD/shotoku:{xml_contenders.PROCEDURE}"]
    done = subprocess.run(
        [*command, "--pubkey-cert-pem", certificate, document], capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and "OK" in (done.stdout + done.stderr).splitlines()


def main(arguments: list[str]) -> None:
    command, folder, *rest = arguments
    answer: dict[str, Any]
    match command, rest:
        case "prepare", folders:
            answer = prepare(Path(folder), folders)
        case "loop", [tool, source, target]:
            answer = loop(Path(folder), tool, Path(source), Path(target))
        case "check", documents:
            answer = check(Path(folder), [Path(document) for document in documents])
        case _:
            raise SystemExit(__doc__)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
