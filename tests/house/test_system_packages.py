"""tests/system_packages.py where nothing can be installed: it names what is missing, and fails in CI only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "system_packages.py"


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """With no command to be found but those in the folder."""
    clean = {"PATH": str(folder), "LC_ALL": "C.UTF-8", **environment}
    return subprocess.run([sys.executable, SCRIPT], env=clean, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("environment", "status"), [({}, 0), ({"CI": "true"}, 1)])
def test_all_missing(tmp_path: Path, environment: dict[str, str], status: int) -> None:
    done = run(tmp_path, **environment)
    assert done.returncode == status
    for package in ("xmlsec1", "default-jdk-headless", "openssl", "libxml2-utils"):
        assert package in done.stderr


def test_nothing_missing(tmp_path: Path) -> None:
    for command in ("xmlsec1", "javac", "openssl", "xmllint"):
        (tmp_path / command).touch(0o755)
    done = run(tmp_path, CI="true")
    assert (done.returncode, done.stderr) == (0, "")


def test_one_missing(tmp_path: Path) -> None:
    for command in ("javac", "openssl", "xmllint"):
        (tmp_path / command).touch(0o755)
    assert "apt-get install --no-install-recommends xmlsec1\n" in run(tmp_path).stderr
