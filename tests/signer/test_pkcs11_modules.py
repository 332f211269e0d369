"""Where PKCS#11 modules are looked for, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from jitsuin.signer.pkcs11_modules import default_modules, known_modules


@pytest.fixture
def mac(tmp_path: Path) -> Path:
    """A root with everything in it that a Mac may have."""
    for name in (
        "usr/local/lib/opensc-pkcs11.so",
        "usr/local/lib/softhsm/libsofthsm2.so",
        "usr/local/lib/JPKIPKCS11.dylib",
        "usr/local/lib/JPKIPKCS11Sign.dylib",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_the_official_module_for_signatures_comes_first(mac: Path) -> None:
    names = [path.name for path in default_modules("darwin", mac)]
    assert names == ["JPKIPKCS11Sign.dylib", "JPKIPKCS11.dylib", "opensc-pkcs11.so"]


def test_test_tokens_are_known_and_not_taken_unasked(mac: Path) -> None:
    assert {path.name for path in known_modules("darwin", mac)} - {
        path.name for path in default_modules("darwin", mac)
    } == {"libsofthsm2.so"}


def test_a_module_with_two_names_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/some-triplet"
    (folder / "pkcs11").mkdir(parents=True)
    (folder / "opensc-pkcs11.so").touch()
    (folder / "pkcs11/opensc-pkcs11.so").symlink_to(folder / "opensc-pkcs11.so")
    assert len(list(known_modules("linux", tmp_path))) == 1
    assert list(known_modules("plan9", tmp_path)) == []
