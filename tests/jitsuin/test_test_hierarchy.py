"""J-LIS's test cards (O=JPKI-TEST): refused without --accept-test-hierarchy, never taken for real with it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authority import Authority, Keys
from jitsuin import open_signer, sign_file, verify_file
from jitsuin.card_status import Advice, card_status
from jitsuin.errors import CertificateRefusedError, TrustFileError
from jitsuin.messages import advice_sentence
from jitsuin.samples.documents import income_tax_return
from jitsuin.trust import Chain, TrustStore, build_chain, import_anchors, load_trust, remember, remembered

NOW = datetime.now(UTC).replace(microsecond=0)
TEST = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.392.200149.8.5.1.0.20"), None)])
UNREAL = "not a real signature"


@pytest.fixture
def test_ca(authority_keys: Keys) -> Authority:
    """As jpki.md has the test cards' CA: an own name beside JPKI's, self-signed. The keys are invented."""
    return Authority(authority_keys, "JPKI for digital signature", organization="JPKI-TEST")


def chain_of(leaf: x509.Certificate, *given: x509.Certificate, store: TrustStore) -> Chain:
    return build_chain(leaf, given, store, NOW)


@pytest.fixture(params=["document", "--trust"])
def place(request: pytest.FixtureRequest, test_ca: Authority) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Where the CA's certificate comes from: what the document brings, and what the user names."""
    given = [test_ca.certificate]
    return (given, []) if request.param == "document" else ([], given)


def test_only_with_the_option(test_ca: Authority, place: tuple) -> None:
    brought, trust = place
    leaf = test_ca.issue().certificate
    refused = chain_of(leaf, *brought, store=load_trust(trust))
    assert (refused.anchor, refused.certificates, refused.verdict.reason) == (None, (), "test-hierarchy")
    taken = chain_of(leaf, *brought, store=load_trust(trust, accept_test_hierarchy=True))
    assert taken.verdict.passed
    assert taken.of_test_hierarchy
    assert "JPKI-TEST" in (taken.anchor or "")


def test_by_signature_not_by_name(test_ca: Authority, authority: Authority, authority_keys: Keys) -> None:
    store = load_trust([], accept_test_hierarchy=True)
    leaf = test_ca.issue().certificate
    assert chain_of(leaf, store=store).verdict.reason == "issuer-unknown", "its CA is nowhere"
    assert chain_of(leaf, test_ca.look_alike().certificate, store=store).verdict.reason == "issuer-denies"
    stranger = authority.issue().certificate
    assert chain_of(stranger, authority.certificate, store=store).verdict.reason == "issuer-unknown"
    beneath = Authority(authority_keys, "Beneath", organization="JPKI-TEST", issuer=authority)
    leaf = beneath.issue().certificate
    assert chain_of(leaf, beneath.certificate, store=store).verdict.reason == "issuer-unknown", "not self-signed"


def test_not_under_another_name_either(authority: Authority, authority_keys: Keys) -> None:
    """A CA of the test hierarchy that a trusted one stands above is not hidden by that."""
    beneath = Authority(authority_keys, "Beneath", organization="jpki-TEST", issuer=authority)
    leaf = beneath.issue().certificate
    refused = chain_of(leaf, beneath.certificate, store=load_trust([authority.certificate]))
    assert refused.verdict.reason == "test-hierarchy"
    taken = chain_of(leaf, beneath.certificate, store=load_trust([authority.certificate], accept_test_hierarchy=True))
    assert (taken.verdict.passed, taken.of_test_hierarchy) == (True, True)


def test_not_by_naming_a_ca_beneath_it(test_ca: Authority, authority_keys: Keys) -> None:
    """An anchor of another name that the test hierarchy has certified."""
    beneath = Authority(authority_keys, "Beneath", issuer=test_ca)
    leaf, trust = beneath.issue().certificate, [beneath.certificate]
    assert chain_of(leaf, store=load_trust(trust)).verdict.reason == "test-hierarchy"
    taken = chain_of(leaf, store=load_trust(trust, accept_test_hierarchy=True))
    assert (taken.verdict.passed, taken.of_test_hierarchy) == (True, True)


def test_never_remembered(test_ca: Authority, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(test_ca.certificate.public_bytes(Encoding.PEM))
    for force in (False, True):
        with pytest.raises(TrustFileError) as raised:
            import_anchors(tmp_path / "ca.pem", force=force)
        assert raised.value.facts["reason"] == "test-hierarchy"
    remember([test_ca.certificate])
    assert remembered() == []


class Card:
    """A card that shows its CA certificate freely and would have to be asked for everything else."""

    def __init__(self, issuer: x509.Certificate) -> None:
        self.issuer = issuer

    def issuer_shown(self) -> x509.Certificate:
        return self.issuer

    @property
    def certificate(self) -> x509.Certificate:
        raise AssertionError("the PIN would have been asked for")

    issuers = certificate


def test_a_test_card_is_refused_before_the_pin(test_ca: Authority, tmp_path: Path) -> None:
    (tmp_path / "a.xtx").write_bytes(income_tax_return())
    with pytest.raises(CertificateRefusedError) as raised:
        sign_file(tmp_path / "a.xtx", tmp_path / "b.xtx", signer=Card(test_ca.certificate))
    assert raised.value.facts["reason"] == "test-hierarchy"
    with pytest.raises(AssertionError, match="the PIN"):
        sign_file(tmp_path / "a.xtx", tmp_path / "b.xtx", signer=Card(test_ca.certificate), accept_test_hierarchy=True)


def test_a_look_at_the_card_says_so(test_ca: Authority, card: Callable) -> None:
    """Of a simulated card, as if its CA were that one."""
    with open_signer(card("valid"), pin=None) as signer:
        facts = replace(signer.describe(), signature_issuer=test_ca.certificate)
    advice = card_status(facts, load_trust([]), NOW).advice
    assert advice[0] == Advice("certificate-refused", {"reason": "test-hierarchy"})
    assert "--accept-test-hierarchy" in advice_sentence(advice[0].code, advice[0].facts)


@pytest.mark.parametrize("policy", [TEST, None], ids=["test policy", "no policy"])
def test_every_report_says_so(
    test_ca: Authority, jitsuin: Callable, tmp_path: Path, in_japanese: Callable, policy: object
) -> None:
    signer = test_ca.issue(extra=[(policy, True)] if policy else ())
    (tmp_path / "id.p12").write_bytes(signer.pkcs12("secret"))
    (tmp_path / "a.xtx").write_bytes(income_tax_return())
    (tmp_path / "ca.crl").write_bytes(test_ca.crl(NOW).public_bytes(Encoding.DER))

    def sign(*options: str) -> object:
        reading, writing = os.pipe()
        os.write(writing, b"secret\n")
        os.close(writing)
        key = ("--key", f"file:{tmp_path / 'id.p12'}", "--pin-source", f"fd:{reading}")
        return jitsuin("sign", tmp_path / "a.xtx", "-o", tmp_path / "b.xtx", *key, *options)

    refused = sign()
    assert (refused.code, (tmp_path / "b.xtx").exists()) == (10, False)
    assert "--accept-test-hierarchy" in refused.err
    signed = sign("--accept-test-hierarchy")
    assert signed.code == 0
    assert UNREAL in signed.out
    assert "test-hierarchy" in [
        n["code"] for n in sign("--accept-test-hierarchy", "--overwrite", "--json").json["files"][0]["notices"]
    ]

    there = (tmp_path / "b.xtx", "--crl", tmp_path / "ca.crl")
    without = jitsuin("verify", *there)
    assert (without.code, "--accept-test-hierarchy" in without.out) == (3, True)
    verified = jitsuin("verify", *there, "--accept-test-hierarchy", "--report", tmp_path / "page.html")
    assert (verified.code, UNREAL in verified.out) == (0, True)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count(UNREAL) == 3, "in the summary, above the signature, and among its checks"
    assert "--accept-test-hierarchy" in page
    (file,) = jitsuin("verify", *there, "--accept-test-hierarchy", "--redact", "--json").json["files"]
    assert (file["verdict"], file["signatures"][0]["notices"][0]["code"]) == ("VALID", "test-hierarchy")

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/b.xtx").write_bytes((tmp_path / "b.xtx").read_bytes())
    many = (tmp_path / "folder", *there[1:], "--accept-test-hierarchy")
    listed = jitsuin("verify", *many, "--report", tmp_path / "folder.html")
    assert (listed.code, listed.out.count(UNREAL)) == (0, 1)
    assert UNREAL in (tmp_path / "folder.html").read_text(encoding="utf-8")
    line = json.loads(jitsuin("verify", *many, "--json").out.splitlines()[0])
    assert (line["verdict"], line["notices"][0]["code"]) == ("VALID", "test-hierarchy")
    in_japanese()
    assert "実際の署名ではありません" in jitsuin("verify", *there, "--accept-test-hierarchy").out
    assert verify_file(tmp_path / "b.xtx", crls=[tmp_path / "ca.crl"]).verdict.reason == "test-hierarchy"


def test_the_option_is_not_for_the_configuration(
    jitsuin: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[verify]\naccept-test-hierarchy = true\n")
    monkeypatch.setenv("JITSUIN_CONFIG", str(tmp_path / "config.toml"))
    refused = jitsuin("verify", tmp_path / "a.xtx")
    assert (refused.code, "each time anew" in refused.err) == (2, True)
