"""Some hundreds of files, broken ones among them: all named, all signed, all judged. Ten thousand are a benchmark."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

import pytest

from folders import fill, outputs
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pages import read

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))
COUNT, BROKEN = 300, 15
JUDGING = ("--trust", "simulator", "--revocation", "warn")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """So many files, of which every twentieth is cut short."""
    folder = fill(tmp_path / "in", COUNT, returns=60)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files[:: COUNT // BROKEN]:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        path.rename(path.with_stem(f"{path.stem}-broken"))
    return folder


def test_hundreds_of_files(folder: Path, tmp_path: Path, monkeypatch, xmlsec1, pdf_judges) -> None:
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    out, page = tmp_path / "out", tmp_path / "page.html"
    key = ("--key", f"simulator:{tmp_path / 'card'}", "--pin-source", "env:SECRET")

    def run(*words: object) -> tuple[int, list[dict[str, object]], str]:
        done = subprocess.run([COMMAND, *map(str, words), "--json"], capture_output=True, text=True, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    code, lines, complaints = run(
        "sign", folder, "--recursive", "--output-dir", out, "--yes", "--report", page, *key, *JUDGING
    )
    assert code == 9
    *files, summary = lines
    failed = {line["name"]: line["error"] for line in files if line["state"] == "failed"}
    assert len(failed) == BROKEN
    assert all("broken" in name and error["message"] for name, error in failed.items())
    assert len(outputs(out)) == COUNT - BROKEN
    assert summary["counts"] == {"signed": COUNT - BROKEN, "failed": BROKEN}
    names = [str(line["name"]) for line in files]
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert len(complaints.splitlines()) < 60  # the summary, and few lines of progress

    root = read(page.read_text())
    (broken,) = (details for details in root.all("details") if details.attributes["id"] == "failed")
    assert all(name in broken.text for name in failed)
    (signed,) = (details for details in root.all("details") if details.attributes["id"] == "signed")
    assert all(digest in signed.text for digest in outputs(out).values())

    code, lines, _ = run("verify", out, "--recursive", *JUDGING)
    assert code == 0
    assert [line["verdict"] for line in lines[:-1]] == ["VALID"] * (COUNT - BROKEN)

    written = sorted(path for path in out.rglob("*.signed.*"))
    for path in [path for path in written if path.suffix == ".xtx"][::8]:
        assert xmlsec1.verify(path).ok
    for path in [path for path in written if path.suffix == ".pdf"][::16]:
        field = re.search(rb"/T \((Signature-\w+)\)", path.read_bytes())
        assert field
        pdf_judges.accept(path, [field[1].decode()], at=datetime.now(UTC))
