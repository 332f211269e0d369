"""Write the committed samples, or check that they are what this code makes: `python -m jitsuin.samples.make`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .documents import consumption_tax_return, income_tax_return, pension_certificate

HERE = Path(__file__).resolve().parent


def unsigned_files() -> dict[str, bytes]:
    """The documents before signing, by path inside the folder."""
    return {
        "unsigned/income-tax-return.xtx": income_tax_return(),
        "unsigned/consumption-tax-return.xtx": consumption_tax_return(),
        "unsigned/pension-certificate.xml": pension_certificate(),
    }


def signed_files() -> dict[str, bytes]:
    """The documents after signing, and what verifying them takes, by path inside the folder. None so far."""
    return {}


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
