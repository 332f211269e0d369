"""Indirect CRLs: refused unless allowed, and then believed only of CRL issuers that the same anchor stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authority import UNKNOWN_EXTENSION, Authority, Credential, Entry, distribution_point
from jitsuin.crl import Crl
from jitsuin.revocation import EvidenceOptions, Revocation
from jitsuin.revocation_status import RevocationAnswer

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
WHERE, OWN = "http://127.0.0.1:9/indirect.crl", "http://127.0.0.1:9/own.crl"
GOOD, REFUSED, NOTHING = ("good", ""), ("not-checked", "indirect"), ("not-checked", "offline")
UNTRUSTED = ("not-checked", "indirect-issuer")


@pytest.fixture
def other(authority: Authority) -> Authority:
    """Who issues CRLs for the authority."""
    return Authority(authority.keys, "CRL Issuer", issuer=authority, usage=["crl_sign"], crl=OWN)


@pytest.fixture
def signer(authority: Authority, other: Authority) -> Credential:
    return authority.issue(crl=distribution_point(WHERE, other.name))


@pytest.fixture
def ask(authority: Authority, other: Authority, signer: Credential) -> Callable[..., RevocationAnswer]:
    """The broker's answer; the authority's own CRL, which says that the CRL issuer is in order, is always there."""

    def about(
        *crls: x509.CertificateRevocationList,
        allow: bool = True,
        certificates: Sequence[x509.Certificate] | None = None,
        whom: Credential = signer,
        own: bool = True,
        given: Sequence[Path] = (),
    ) -> RevocationAnswer:
        lists = [Crl(one, "list") for one in (*crls, *([authority.crl(NOW, point=OWN)] if own else []))]
        options = EvidenceOptions(offline=True, allow_indirect_crl=allow)
        broker = Revocation([*lists, *given], options, NOW)
        hints = [other.certificate] if certificates is None else certificates
        path = (whom.certificate, authority.certificate)
        return broker.within(path, hints, NOW).answer(*path, NOW)

    return about


def said(answer: RevocationAnswer) -> tuple[str, str]:
    return answer.status.value, answer.why


def test_only_where_it_is_allowed(other: Authority, ask: Callable) -> None:
    crl = other.crl(NOW, indirect=True, point=WHERE)
    assert said(ask(crl, allow=False)) == REFUSED
    assert said(ask(crl)) == GOOD


def test_of_the_certificates_own_issuer(authority: Authority, ask: Callable) -> None:
    """An authority that also speaks for others marks its list as indirect; without certificateIssuer it is its own."""
    plain = authority.issue()
    assert said(ask(authority.crl(NOW, indirect=True), whom=plain, allow=False)) == REFUSED
    assert said(ask(authority.crl(NOW, indirect=True), whom=plain)) == GOOD
    authority.revoke(plain, NOW - DAY, x509.ReasonFlags.superseded)
    answer = ask(authority.crl(NOW, indirect=True), whom=plain)
    assert (answer.status.value, answer.reason) == ("revoked", "superseded")


def test_the_issuer_is_carried_forward(
    authority: Authority, other: Authority, signer: Credential, ask: Callable
) -> None:
    """RFC 5280, 5.3.3: a line without certificateIssuer is of whom the last one before it was."""
    serial, third = signer.certificate.serial_number, Authority(authority.keys, "Third")

    def listed(*entries: Entry) -> str:
        return ask(other.crl(NOW, indirect=True, point=WHERE, entries=entries)).status.value

    at = NOW - DAY
    assert listed(Entry(serial, at)) == "good", "the CRL issuer's own certificate of that number"
    assert listed(Entry(serial, at, issuer=third.name)) == "good", "a third one's"
    assert listed(Entry(serial, at, issuer=authority.name)) == "revoked"
    assert listed(Entry(1, at, issuer=authority.name), Entry(2, at), Entry(serial, at)) == "revoked"
    assert listed(Entry(1, at, issuer=authority.name), Entry(2, at, issuer=third.name), Entry(serial, at)) == "good"
    assert listed(Entry(1, at, issuer=third.name), Entry(serial, at, issuer=authority.name)) == "revoked"
    hold = Entry(serial, at, x509.ReasonFlags.certificate_hold, authority.name)
    assert listed(hold) == "on-hold"


def test_a_delta_carries_forward_too(authority: Authority, other: Authority, signer: Credential, ask: Callable) -> None:
    serial, options = signer.certificate.serial_number, {"indirect": True, "point": WHERE}
    complete = other.crl(NOW - DAY, number=5, entries=[], **options)
    entries = [Entry(1, NOW - DAY, issuer=authority.name), Entry(serial, NOW - DAY)]
    assert ask(complete, other.crl(NOW, number=6, base=5, entries=entries, **options)).status.value == "revoked"
    assert said(ask(complete, other.crl(NOW, number=6, base=5, entries=entries[:1], **options))) == GOOD


def test_a_delta_of_another_crl_issuer(authority: Authority, other: Authority, ask: Callable) -> None:
    """RFC 5280, 5.2.4: the list and what it is brought up to date by are of one issuer, whatever their numbers say."""
    second = Authority(authority.keys, "Second", issuer=authority, usage=["crl_sign"], crl=OWN)
    whom = authority.issue(crl=[distribution_point(WHERE, one.name) for one in (other, second)])
    options, both = {"indirect": True, "point": WHERE}, [other.certificate, second.certificate]
    stale = other.crl(NOW - 30 * DAY, number=5, **options)
    for issuer, expected in ((other, GOOD), (second, ("not-checked", "stale"))):
        delta = issuer.crl(NOW, number=6, base=5, **options)
        assert said(ask(stale, delta, whom=whom, certificates=both)) == expected


class NoName:
    """A certificateIssuer that is no directory name, so that nobody knows whose the lines are."""

    EXTENSION = (x509.CertificateIssuer([x509.UniformResourceIdentifier("http://127.0.0.1/")]), True)
    UNREADABLE = (x509.UnrecognizedExtension(x509.CertificateIssuer.oid, b"\x30\x04\xa3\x02\x30\x00"), True)
    """An x400Address, which the library does not read, and says so in an error of its own kind."""


BAD = {
    "not marked as indirect": (lambda a, o: o.crl(NOW, point=WHERE), NOTHING),
    "of another point": (lambda a, o: o.crl(NOW, indirect=True, point="http://127.0.0.1:9/b.crl"), UNTRUSTED),
    "stale": (lambda a, o: o.crl(NOW - 9 * DAY, indirect=True, point=WHERE), ("not-checked", "stale")),
    "by a look-alike": (
        lambda a, o: Authority(a.keys, "CRL Issuer", key_name="thief").crl(NOW, indirect=True, point=WHERE),
        UNTRUSTED,
    ),
    "of who is not named": (
        lambda a, o: Authority(a.keys, "Another", issuer=a, usage=["crl_sign"]).crl(NOW, indirect=True, point=WHERE),
        NOTHING,
    ),
    "with a line of no name": (
        lambda a, o: o.crl(NOW, indirect=True, point=WHERE, entries=[Entry(1, NOW - DAY, extra=[NoName.EXTENSION])]),
        UNTRUSTED,
    ),
    "with a line of an unreadable name": (
        lambda a, o: o.crl(NOW, indirect=True, point=WHERE, entries=[Entry(1, NOW - DAY, extra=[NoName.UNREADABLE])]),
        UNTRUSTED,
    ),
    "with an unknown critical line": (
        lambda a, o: o.crl(
            NOW, indirect=True, point=WHERE, entries=[Entry(1, NOW - DAY, extra=[(UNKNOWN_EXTENSION, True)])]
        ),
        UNTRUSTED,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_lists_that_do_not_count(authority: Authority, other: Authority, ask: Callable, name: str) -> None:
    make, expected = BAD[name]
    thief = Authority(authority.keys, "CRL Issuer", key_name="thief").certificate
    assert said(ask(make(authority, other), certificates=[other.certificate, thief])) == expected
    assert said(ask(other.crl(NOW, indirect=True, point=WHERE))) == GOOD, "the control"


def test_who_may_not_sign_them(authority: Authority, ask: Callable) -> None:
    """Named by the certificate, and all the same no CRL issuer of this anchor."""

    def made(**options: object) -> tuple[str, str]:
        issuer = Authority(authority.keys, "CRL Issuer", **options)
        return said(ask(issuer.crl(NOW, indirect=True, point=WHERE), certificates=[issuer.certificate]))

    assert made(issuer=authority, usage=["crl_sign"], crl=OWN) == GOOD
    assert made(issuer=authority, usage=["key_cert_sign"], crl=OWN) == UNTRUSTED, "no cRLSign"
    assert made(issuer=authority, usage=["crl_sign"], until=NOW - DAY, crl=OWN) == UNTRUSTED, "expired"
    assert made(usage=["crl_sign", "key_cert_sign"]) == UNTRUSTED, "an anchor of its own"
    foreign = Authority(authority.keys, "Foreign")
    assert made(issuer=foreign, usage=["crl_sign"]) == UNTRUSTED, "of another anchor"


def test_who_has_been_revoked(authority: Authority, other: Authority, ask: Callable) -> None:
    crl = other.crl(NOW, indirect=True, point=WHERE)
    assert said(ask(crl, own=False)) == UNTRUSTED, "nothing says that its own certificate holds"
    authority.revoke(other, NOW - DAY, x509.ReasonFlags.key_compromise)
    assert said(ask(crl)) == UNTRUSTED


def test_nobody_vouches_for_himself(authority: Authority, ask: Callable) -> None:
    """PKITS 4.14.30: that the CRL issuer's certificate holds says only a list that it has signed."""
    point = distribution_point(WHERE, Authority(authority.keys, "Circle", issuer=authority).name)
    circle = Authority(authority.keys, "Circle", issuer=authority, usage=["crl_sign"], crl=point)
    whom, crl = authority.issue(crl=point), circle.crl(NOW, indirect=True, point=WHERE)
    assert said(ask(crl, whom=whom, own=False, certificates=[circle.certificate])) == UNTRUSTED
    independent = Authority(authority.keys, "Circle", issuer=authority, usage=["crl_sign"], crl=OWN)
    assert said(ask(crl, whom=whom, certificates=[independent.certificate])) == GOOD, "the control: the same key"


def test_its_certificate_beside_the_lists(
    authority: Authority, other: Authority, ask: Callable, tmp_path: Path
) -> None:
    (tmp_path / "indirect.crl").write_bytes(other.crl(NOW, indirect=True, point=WHERE).public_bytes(Encoding.DER))
    (tmp_path / "garbage.cer").write_bytes(b"garbage")
    assert said(ask(given=[tmp_path], certificates=[])) == UNTRUSTED
    (tmp_path / "issuer.cer").write_bytes(other.certificate.public_bytes(Encoding.DER))
    assert said(ask(given=[tmp_path], certificates=[])) == GOOD


def test_on_the_command_line(
    jitsuin: Callable, authority: Authority, other: Authority, signer: Credential, tmp_path: Path
) -> None:
    from ungated import signed

    folder = tmp_path / "crls"
    folder.mkdir()
    (tmp_path / "a.xtx").write_bytes(signed("xml", signer, NOW))
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (folder / "own.crl").write_bytes(authority.crl(NOW, point=OWN).public_bytes(Encoding.DER))
    (folder / "indirect.crl").write_bytes(other.crl(NOW, indirect=True, point=WHERE).public_bytes(Encoding.DER))
    (folder / "issuer.crt").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    call = ("verify", tmp_path / "a.xtx", "--trust", tmp_path / "ca.pem", "--crl", folder, "--offline")
    refused = jitsuin(*call)
    assert (refused.code, "--allow-indirect-crl" in refused.out) == (3, True)
    taken = jitsuin(*call, "--allow-indirect-crl")
    assert (taken.code, "good (indirect.crl" in taken.out) == (0, True)
