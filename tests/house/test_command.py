"""The installed command: it starts fast, loads late, and runs with nothing optional installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

COMMAND = Path(sysconfig.get_path("scripts"), "jitsuin")
HEAVY = {"lxml", "cryptography", "rich", "signxml", "pkcs11", "smartcard", "pyhanko", "asyncio", "unittest"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A fresh home, and no coverage measurement that a start-up would have to pay for."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("COVERAGE", "COV_", "XDG_", "JITSUIN"))
    }
    return kept | {"HOME": str(tmp_path), "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("arguments", [[str(COMMAND), "--version"], [str(COMMAND), "--help"], ["-c", "import jitsuin"]])
def test_loads_nothing_heavy(arguments: list[str], environment: dict[str, str]) -> None:
    call = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(call, capture_output=True, text=True, env=environment, check=True)
    loaded = set(re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, flags=re.MULTILINE))
    assert "jitsuin" in loaded
    assert {one.split(".")[0] for one in loaded} & HEAVY == set()


def test_version(environment: dict[str, str]) -> None:
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, env=environment, check=True)
    assert version("jitsuin") in done.stdout


def test_demo(environment: dict[str, str], tmp_path: Path) -> None:
    """The whole way once: a simulated card signs the samples, and they verify."""
    call = [COMMAND, "demo", tmp_path / "demo"]
    done = subprocess.run(call, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "demo").rglob("*.xtx"))


@pytest.mark.skipif("JITSUIN_BASE_INSTALL" not in os.environ, reason="for the tox environment `base`")
@pytest.mark.parametrize("module", ["smartcard", "pkcs11", "signxml", "hypothesis", "xdist"])
def test_nothing_optional_is_installed(module: str) -> None:
    assert find_spec(module) is None
