"""tests/system_packages.py where nothing can be installed: it names what is missing, and fails in CI only."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "system_packages.py"
COMMANDS, FILES = (runpy.run_path(str(SCRIPT))[name] for name in ("COMMANDS", "FILES"))
ABSENT_FILES = [package for file, package in FILES.items() if not Path(file).is_file()]
"""Files are looked for in one place, which a test cannot move."""


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """With no command to be found but those in the folder."""
    clean = {"PATH": str(folder), "LC_ALL": "C.UTF-8", **environment}
    return subprocess.run([sys.executable, SCRIPT], env=clean, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("environment", "status"), [({}, 0), ({"CI": "true"}, 1)])
def test_all_missing(tmp_path: Path, environment: dict[str, str], status: int) -> None:
    done = run(tmp_path, **environment)
    assert done.returncode == status
    assert {"xmlsec1", "default-jdk-headless", "openssl", "poppler-utils", "opensc"} < set(COMMANDS.values())
    for package in COMMANDS.values():
        assert package in done.stderr


def test_nothing_missing(tmp_path: Path) -> None:
    for command in COMMANDS:
        (tmp_path / command).touch(0o755)
    done = run(tmp_path, CI="true")
    if not ABSENT_FILES:
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert done.returncode == 1
        assert done.stderr.endswith(f"apt-get install --no-install-recommends {' '.join(ABSENT_FILES)}\n")


def test_one_missing(tmp_path: Path) -> None:
    for command in COMMANDS.keys() - {"xmlsec1"}:
        (tmp_path / command).touch(0o755)
    names = " ".join(["xmlsec1", *ABSENT_FILES])
    assert f"apt-get install --no-install-recommends {names}\n" in run(tmp_path).stderr
