"""The installed wheel: what is in it, what is not, and what it registers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import distribution, entry_points, version
from importlib.resources import files
from pathlib import Path
from pkgutil import walk_packages

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {"signer": "jitsuin/signer", "formats": "jitsuin/formats", "samples": "jitsuin/samples", "jitsuin": "jitsuin"}
"""The folders of this tree, and where pyproject.toml maps them."""


def packed() -> set[str]:
    """Everything that the wheel brought, by path."""
    return {str(one) for one in distribution("jitsuin").files or []}


def test_the_wheel_is_what_gets_tested() -> None:
    import jitsuin

    assert not Path(jitsuin.__file__).is_relative_to(ROOT / "jitsuin")


@pytest.mark.parametrize("name", ["signer", "formats", "samples"])
def test_bare_names_cannot_be_imported(name: str) -> None:
    code = "import sys, importlib.util; sys.exit(importlib.util.find_spec(sys.argv[1]) is not None)"
    assert subprocess.run([sys.executable, "-I", "-c", code, name], check=False).returncode == 0


def test_one_name_at_the_top() -> None:
    top = {one.split("/")[0] for one in packed() if not one.startswith("..")}
    assert top - {"__pycache__"} == {"jitsuin", f"jitsuin-{version('jitsuin')}.dist-info"}


def test_the_modules_of_the_tree_are_packed() -> None:
    tree = {
        f"{target}/{path.relative_to(ROOT / room).as_posix()}"
        for room, target in ROOMS.items()
        for path in (ROOT / room).rglob("*.py")
    }
    wheel = {one for one in packed() if one.endswith(".py")}
    assert tree - wheel == set(), "is a package missing in pyproject.toml?"
    assert wheel - tree == set(), "left over from an earlier build: delete the folder build/"


@pytest.mark.parametrize("folder", ["unsigned", "signed", "crl", "trust", "schemas", "fonts"])
def test_samples_are_packed(folder: str) -> None:
    tree = {path.name for path in (ROOT / "samples" / folder).glob("*")}
    assert tree == {Path(one).name for one in packed() if one.startswith(f"jitsuin/samples/{folder}/")}


def test_there_are_samples() -> None:
    unsigned = files("jitsuin.samples") / "unsigned"
    assert any(one.name.endswith(".xtx") for one in unsigned.iterdir())


@pytest.mark.parametrize("package", ["jitsuin", "jitsuin.signer", "jitsuin.formats"])
def test_typed(package: str) -> None:
    assert (files(package) / "py.typed").is_file()


@pytest.mark.parametrize("kind", ["signers", "formats", "profiles"])
def test_entry_points_load(kind: str) -> None:
    found = [one for one in entry_points(group=f"jitsuin.{kind}") if one.dist and one.dist.name == "jitsuin"]
    assert found
    for one in found:
        thing = one.load()
        if kind == "profiles":
            assert isinstance(thing, Mapping)
            assert all(profile.name == name for name, profile in thing.items())
        else:
            assert callable(thing)
        if kind == "formats":
            assert thing().name == one.name


def test_profiles_name_formats_that_exist() -> None:
    formats = {one.name for one in entry_points(group="jitsuin.formats")}
    for one in entry_points(group="jitsuin.profiles"):
        assert {profile.format for profile in one.load().values()} <= formats


def test_every_module_can_be_imported() -> None:
    """Also where nothing optional is installed, but for the modules whose purpose is an optional library."""
    import jitsuin

    optional = {"jitsuin.signer.pcsc", "jitsuin.signer.pkcs11", "jitsuin.pyhanko_plugin"}
    names = {one.name for one in walk_packages(jitsuin.__path__, "jitsuin.")}
    for name in sorted(names - optional - {"jitsuin.__main__"}):
        import_module(name)


def test_public_names() -> None:
    """Every name that the package offers is there, and `import *` brings no other."""
    code = (
        "import json, jitsuin; names = {}; exec('from jitsuin import *', names); names.pop('__builtins__');"
        "print(json.dumps([sorted(names), sorted(jitsuin.__all__)]))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    brought, promised = json.loads(done.stdout)
    assert brought == promised
