"""Write the committed samples, or check that they are what this code makes: `python -m jitsuin.samples.make`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import Encoding

from .documents import consumption_tax_return, income_tax_return, pension_certificate
from .pdf_documents import childcare_application, employment_certificate

HERE = Path(__file__).resolve().parent
PDF_PROFILES = ("pades-b-b", "agency-pdf", "moj-pdf")
"""Each in a file of its own, `unsigned-name.profile.pdf`."""
SIGNED_AT = datetime(2026, 2, 16, 1, 0, tzinfo=UTC)
"""The recorded time: the first day of filing for 令和7年分, ten in the morning in Japan."""


def unsigned_files() -> dict[str, bytes]:
    """The documents before signing, by path inside the folder."""
    return {
        "unsigned/income-tax-return.xtx": income_tax_return(),
        "unsigned/consumption-tax-return.xtx": consumption_tax_return(),
        "unsigned/pension-certificate.xml": pension_certificate(),
        "unsigned/childcare-application.pdf": childcare_application(),
        "unsigned/employment-certificate.pdf": employment_certificate(),
    }


def signed_files() -> dict[str, bytes]:
    """The documents after signing, and what verifying them takes, by path inside the folder.

    Simulated cards sign at SIGNED_AT. Their keys are fixed and RSA signatures have no random part, so the same bytes
    come out every time. The tax accountant signs the consumption-tax return, the certificate of authority first; then
    the taxpayer signs it, too. Each PDF is signed in every form; one copy of the application by both guardians.
    """
    from jitsuin.signer.simulator import anchors

    with TemporaryDirectory() as name:
        desk = Path(name)
        write(desk, unsigned_files())
        income, consumption = desk / "unsigned/income-tax-return.xtx", desk / "unsigned/consumption-tax-return.xtx"
        _sign(desk, income, "valid")
        by_accountant = _sign(desk, consumption, "second", attachments=True)
        _sign(desk, by_accountant, "valid", target=by_accountant.name)
        _sign(desk, desk / "unsigned/pension-certificate.xml", "second")
        _sign_pdfs(desk)
        files = {path.relative_to(desk).as_posix(): path.read_bytes() for path in sorted(desk.glob("signed/*"))}
        files |= {f"crl/{path.name}": path.read_bytes() for path in sorted(desk.glob("cards/*/crl/*.crl"))}
    roots = {f"trust/sign-ca-{n:02}.pem": anchor.public_bytes(Encoding.PEM) for n, anchor in enumerate(anchors(), 1)}
    return files | roots


def _sign_pdfs(desk: Path) -> None:
    application, certificate = desk / "unsigned/childcare-application.pdf", desk / "unsigned/employment-certificate.pdf"
    for source, field in ((application, "Guardian1Signature"), (certificate, "EmployerSignature")):
        for profile in PDF_PROFILES:
            _sign(desk, source, "valid", profile=profile, field=field, target=f"{source.stem}.{profile}.pdf")
    target = "childcare-application.two-guardians.pdf"
    by_one = _sign(desk, application, "valid", profile="agency-pdf", field="Guardian1Signature", target=target)
    _sign(desk, by_one, "spouse", profile="agency-pdf", field="Guardian2Signature", target=target)


def _sign(
    desk: Path,
    source: Path,
    persona: str,
    *,
    attachments: bool = False,
    profile: str | None = None,
    field: str | None = None,
    target: str | None = None,
) -> Path:
    """Sign with a simulated card into `signed/`; a document that lies there already is replaced by its signed self."""
    import jitsuin
    from jitsuin.signer.simulator import SIGNATURE_PASSWORD

    card = desk / "cards" / persona
    signed = desk / "signed" / (target or f"{source.stem}.signed{source.suffix}")
    signed.parent.mkdir(exist_ok=True)
    draft = signed.with_name(f".{signed.name}")
    uri = f"simulator:{card}?card={persona}"
    with jitsuin.open_signer(uri, pin=lambda _request: SIGNATURE_PASSWORD, at=SIGNED_AT) as signer:
        jitsuin.sign_file(
            source,
            draft,
            signer=signer,
            profile=profile,
            field=field,
            trust=["simulator"],
            crls=_crls(card),
            attachments=attachments,
            at=SIGNED_AT,
        )
    return draft.replace(signed)


def _crls(card: Path) -> list[Path]:
    return [card / "crl"] if (card / "crl").is_dir() else []


def sample_files() -> dict[str, bytes]:
    return unsigned_files() | signed_files()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def differences(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """One sentence for every file that is missing, differs, or is not ours."""
    found = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name}: missing")
        elif path.read_bytes() != content:
            found.append(f"{name}: differs")
    subfolders = {name.split("/")[0] for name in files}
    present = {path.relative_to(folder).as_posix() for sub in subfolders for path in (folder / sub).rglob("*")}
    found += [f"{name}: not made here" for name in sorted(present - set(files)) if (folder / name).is_file()]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m jitsuin.samples.make", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="where to (default: this package)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    options = parser.parse_args(arguments)
    files = sample_files()
    if options.check:
        found = differences(options.folder, files)
        print("\n".join(found) or f"{len(files)} files are as made here")
        return 1 if found else 0
    write(options.folder, files)
    print("\n".join(f"{len(content):>8}  {name}" for name, content in files.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
