"""Named sets of anchors in the configuration file (`--trust mycorp`), and what `jitsuin trust list` shows."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import jitsuin as library
from authority import Authority
from jitsuin.errors import TrustSetError
from jitsuin.samples.documents import income_tax_return
from jitsuin.trust import JPKI_PINS, load_trust
from jitsuin.trust_sets import TrustSet

NOW = datetime.now(UTC).replace(microsecond=0)


class Office:
    """A configuration file with a set of two authorities, one of them in a folder, and a document by the second."""

    def __init__(self, folder: Path, jitsuin: Callable, first: Authority, second: Authority) -> None:
        self.folder, self.jitsuin, self.first, self.second = folder, jitsuin, first, second
        (folder / "more").mkdir()
        (folder / "first.pem").write_bytes(first.certificate.public_bytes(Encoding.PEM))
        (folder / "more" / "second.CRT").write_bytes(second.certificate.public_bytes(Encoding.DER))
        (folder / "more" / "readme.txt").write_text("no certificate")
        self.configure('[trust.sets]\nmycorp = ["first.pem", "more/"]\n')
        (folder / "id.p12").write_bytes(second.issue().pkcs12("secret"))
        (folder / "a.xtx").write_bytes(income_tax_return())

    def configure(self, text: str) -> None:
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    def sign(self, *options: object) -> object:
        reading, writing = os.pipe()
        os.write(writing, b"secret\n")
        os.close(writing)
        key = ("--key", f"file:{self.folder / 'id.p12'}", "--pin-source", f"fd:{reading}")
        return self.jitsuin("sign", self.folder / "a.xtx", "-o", self.folder / "b.xtx", *key, *options)

    def verify(self, *options: object) -> object:
        return self.jitsuin("verify", self.folder / "b.xtx", "--revocation", "warn", *options)


@pytest.fixture
def office(jitsuin: Callable, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("JITSUIN_CONFIG", str(tmp_path / "config.toml"))
    return Office(tmp_path, jitsuin, authority, Authority(authority.keys, "Another"))


def test_a_set_is_used_like_a_file(office: Office) -> None:
    assert office.sign("--trust", "mycorp").code == 0
    assert office.verify("--trust", "mycorp").code == 0
    assert office.verify().code == 3
    office.configure('[trust.sets]\nmycorp = "more"\n[verify]\ntrust = "mycorp"')
    assert office.verify().code == 0
    page = office.folder / "page.html"
    assert office.verify("--report", page).code == 0
    assert "--trust mycorp" in page.read_text(encoding="utf-8")


def test_in_the_library(office: Office) -> None:
    office.sign("--trust", "mycorp")
    mycorp = TrustSet("mycorp", (office.folder / "more",))
    assert library.verify_file(office.folder / "b.xtx", trust=[mycorp], revocation="warn").verdict.passed
    assert len(load_trust([mycorp, TrustSet("first", (office.folder / "first.pem",))]).anchors) == 2


def test_a_set_is_not_a_file_and_a_file_no_set(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The set goes first; `./NAME` is the file."""
    office.sign("--trust", "mycorp")
    monkeypatch.chdir(office.folder)
    Path("mycorp").write_bytes(office.first.certificate.public_bytes(Encoding.PEM))
    assert office.verify("--trust", "mycorp").code == 0
    assert office.verify("--trust", "./mycorp").code == 3, "that is the other authority"
    unknown = office.verify("--trust", "mycorpse")
    assert (unknown.code, "mycorpse: there is no such file, and no set" in unknown.err) == (2, True)
    elsewhere = office.verify("--trust", "./mycorpse")
    assert (elsewhere.code, "mycorpse: no such file\n" in elsewhere.err) == (2, True)


@pytest.mark.parametrize("broken", ["missing", "empty", "garbage", "nothing in the folder"])
def test_errors_name_the_set(office: Office, broken: str) -> None:
    office.sign("--trust", "mycorp")
    file = office.folder / "first.pem"
    if broken == "missing":
        file.unlink()
    elif broken == "nothing in the folder":
        office.configure('[trust.sets]\nmycorp = "empty"')
        (office.folder / "empty").mkdir()
        file = office.folder / "empty"
    else:
        file.write_bytes(b"" if broken == "empty" else b"garbage")
    refused = office.verify("--trust", "mycorp")
    assert (refused.code, "“mycorp”" in refused.err, str(file) in refused.err) == (2, True, True)
    with pytest.raises(TrustSetError) as raised:
        load_trust([TrustSet("mine", (file,))])
    assert raised.value.facts["set"] == "mine"


@pytest.mark.parametrize("place", ["~nobody-of-that-name/ca.pem", "a" * 5000])
def test_paths_that_lead_nowhere(office: Office, place: str) -> None:
    """A home that there is not, and a name that no file can have: before the report is thought of, and with it."""
    office.sign("--trust", "mycorp")
    office.configure(f'[trust.sets]\nmycorp = ["{place}"]')
    for options in ((), ("--report", office.folder / "page.html")):
        refused = office.verify("--trust", "mycorp", *options)
        assert (refused.code, "“mycorp”" in refused.err, place in refused.err) == (2, True, True), refused.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[trust.sets]\nsimulator = ["a.pem"]', "means something else"),
        ('[trust.sets]\n"ca.pem" = ["a.pem"]', "looks like no file"),
        ('[trust.sets]\n"a/b" = ["a.pem"]', "looks like no file"),
        ("[trust.sets]\nmycorp = []", "not an empty one"),
        ('[trust.sets]\nmycorp = ["a\\u0000b"]', "trust.sets.mycorp"),
        ("[trust.sets]\nmycorp = 3", "trust.sets.mycorp"),
        ('[trust.sets]\nmycorp = ["a.pem", 3]', "trust.sets.mycorp"),
        ('[trust]\nsets = "a.pem"', "a table of names"),
        ('[trust]\nmycorp = ["a.pem"]', "trust.mycorp"),
    ],
)
def test_what_is_no_set(office: Office, text: str, said: str) -> None:
    office.configure(text)
    refused = office.jitsuin("profiles")
    assert (refused.code, said in refused.err) == (2, True), refused.err


def test_an_output_does_not_replace_a_certificate_of_a_set(office: Office) -> None:
    refused = office.sign("--trust", "mycorp", "-o", office.folder / "first.pem", "--overwrite")
    assert refused.code == 8
    x509.load_pem_x509_certificate((office.folder / "first.pem").read_bytes())


# What is known and what is missing


def test_the_list_says_where_missing_ones_are(office: Office) -> None:
    shown = office.jitsuin("trust", "list")
    for pin in JPKI_PINS:
        assert f"{pin.name}: {pin.download}" in shown.out
    assert "jitsuin trust import" in shown.out
    printed = office.jitsuin("trust", "list", "--json").json
    assert [row["download"] for row in printed["anchors"]] == [pin.download for pin in JPKI_PINS]


def test_the_list_shows_the_sets(office: Office) -> None:
    office.configure('[trust.sets]\nmycorp = ["first.pem", "more/"]\nbroken = "absent.pem"\n')
    printed = office.jitsuin("trust", "list", "--json").json["sets"]
    assert [(one["name"], len(one["anchors"]), one["error"] is None) for one in printed] == [
        ("mycorp", 2, True),
        ("broken", 0, False),
    ]
    shown = office.jitsuin("trust", "list")
    assert shown.code == 0
    assert "--trust mycorp: CN=Test Authority" in shown.out
    assert "absent.pem" in shown.out


def test_what_is_imported_is_not_missing(office: Office) -> None:
    office.jitsuin("trust", "import", office.folder / "first.pem", "--force")
    rows = office.jitsuin("trust", "list", "--json").json["anchors"]
    assert (rows[-1]["state"], rows[-1]["download"]) == ("own", None)
