"""The cases of docs/validity-table.md: a certificate, and what live servers and files say of it.

Each makes its signer and puts up what there is to be found, and says how `sign` and `verify` end where revocation must
be known (`--revocation require`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from authority import UNKNOWN_EXTENSION, Authority, Credential, Entry, damaged, name_of
from pki_faults import Fault, big, body, cut, endless, hang_up, redirect, slow, status, zipped
from pki_servers import PkiServer
from responders import OcspResponder, Tsa

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
DONE, INVALID, INDETERMINATE, REFUSED = 0, 1, 3, 10

_AUTHENTICATION = x509.CertificatePolicies(
    [x509.PolicyInformation(x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30"), None)]
)
_POINT, _OTHER_POINT = name_of("Municipality A CRLDP"), name_of("Municipality B CRLDP")


@dataclass
class World:
    """The authority that is trusted, the server, and a folder for files."""

    authority: Authority
    server: PkiServer
    folder: Path
    options: list[str] = field(default_factory=list)
    """More of them for the command line."""

    @property
    def ocsp(self) -> str:
        return self.server.url("/ocsp")

    @property
    def crl(self) -> str:
        return self.server.url("/ca.crl")

    def give(self, *crls: x509.CertificateRevocationList) -> None:
        """As files, `--crl`."""
        for number, crl in enumerate(crls):
            (self.folder / f"{number}.crl").write_bytes(crl.public_bytes(Encoding.DER))
        self.options += ["--crl", str(self.folder)]


Make = Callable[[World], Credential]


@dataclass(frozen=True)
class Case:
    """What there is, and the exit codes of `sign` and `verify`."""

    make: Make
    sign: int
    verify: int


def good(make: Make) -> Case:
    return Case(make, DONE, DONE)


def bad(make: Make, verify: int = INDETERMINATE) -> Case:
    return Case(make, REFUSED, verify)


# The certificate itself; a responder that says of every one that it is good


def certificate(issue: Callable[[World], tuple[Authority, Credential]], *options: str) -> Make:
    def make(world: World) -> Credential:
        authority, signer = issue(world)
        responder = OcspResponder(authority, NOW, status=ocsp.OCSPCertStatus.GOOD)
        world.server.ocsp("/ocsp", responder)
        world.options += options
        return signer

    return make


def own(**options: object) -> Callable[[World], tuple[Authority, Credential]]:
    return lambda world: (world.authority, world.authority.issue(ocsp=world.ocsp, **options))


def look_alike(world: World) -> tuple[Authority, Credential]:
    forger = world.authority.look_alike()
    return forger, forger.issue(ocsp=world.ocsp)


def stranger(world: World) -> tuple[Authority, Credential]:
    other = Authority(world.authority.keys, "Another")
    return other, other.issue(ocsp=world.ocsp)


def test_hierarchy(world: World) -> tuple[Authority, Credential]:
    other = Authority(world.authority.keys, "JPKI for digital signature", organization="JPKI-TEST")
    return other, other.issue(ocsp=world.ocsp)


# CRLs


def crl(*make: Callable[[Authority], x509.CertificateRevocationList]) -> Make:
    """At the certificate's distribution point; a second one is given as a file."""

    def prepare(world: World) -> Credential:
        signer = world.authority.issue(crl=world.crl)
        first, *others = (one(world.authority) for one in make)
        world.server.crl("/ca.crl", first)
        if others:
            world.give(*others)
        return signer

    return prepare


def delta(*, moved: bool, base: int = 5) -> Make:
    """A complete list and a delta to it, as files."""

    def prepare(world: World) -> Credential:
        signer = world.authority.issue()
        entry = Entry(signer.certificate.serial_number, NOW - 2 * DAY, x509.ReasonFlags.affiliation_changed)
        complete = world.authority.crl(NOW - 3 * DAY, number=5, entries=[])
        world.give(complete, world.authority.crl(NOW - DAY, number=7, base=base, entries=[entry] if moved else []))
        return signer

    return prepare


def partitions(*points: x509.Name) -> Make:
    """As the JPKI has them: distribution points that are directory names, and files of CRLs that say theirs."""

    def prepare(world: World) -> Credential:
        signer = world.authority.issue(crl=_POINT)
        world.give(*(world.authority.crl(NOW, point=point) for point in points))
        return signer

    return prepare


def damaged_crl(world: World) -> Credential:
    world.server.crl("/ca.crl", damaged(world.authority.crl(NOW).public_bytes(Encoding.DER)))
    return world.authority.issue(crl=world.crl)


# OCSP


def responder(**changes: object) -> Make:
    def prepare(world: World) -> Credential:
        signer = world.authority.issue(ocsp=world.ocsp)
        world.server.ocsp("/ocsp", replace(OcspResponder(world.authority, NOW), **changes))
        return signer

    return prepare


def delegated(of: Callable[[Authority], Authority] = lambda authority: authority, **options: object) -> Make:
    def prepare(world: World) -> Credential:
        signer = world.authority.issue(ocsp=world.ocsp)
        by = of(world.authority).responder(**options)
        world.server.ocsp("/ocsp", replace(OcspResponder(world.authority, NOW), signer=by))
        return signer

    return prepare


# Revoked


def revoked(reason: x509.ReasonFlags | None, how: str, revoked_at: datetime = NOW - DAY) -> Make:
    def prepare(world: World) -> Credential:
        signer = world.authority.issue(**{how: getattr(world, how)})
        world.authority.revoke(signer, revoked_at, reason)
        if how == "ocsp":
            world.server.ocsp("/ocsp", OcspResponder(world.authority, NOW))
        else:
            world.server.crl("/ca.crl", world.authority.crl(NOW))
        return signer

    return prepare


def of_ca(world: World) -> Credential:
    """An intermediate CA whose certificate was revoked; the signer's own is in order."""
    middle = world.authority.intermediate(crl=world.crl)
    world.authority.revoke(middle, NOW - DAY, x509.ReasonFlags.ca_compromise)
    world.server.crl("/ca.crl", world.authority.crl(NOW))
    world.server.crl("/middle.crl", middle.crl(NOW))
    return middle.issue(crl=world.server.url("/middle.crl"))


# The way to the server


def fault(how: Fault, kind: str = "ocsp") -> Make:
    def prepare(world: World) -> Credential:
        if kind == "ocsp":
            world.server.ocsp("/ocsp", OcspResponder(world.authority, NOW), how)
            return world.authority.issue(ocsp=world.ocsp)
        world.server.crl("/ca.crl", world.authority.crl(NOW), how)
        return world.authority.issue(crl=world.crl)

    return prepare


def unreachable(world: World) -> Credential:
    return world.authority.issue(ocsp=world.server.unreachable(), crl=world.server.unreachable())


def nowhere(world: World) -> Credential:
    return world.authority.issue()


def crl_instead(world: World) -> Credential:
    world.server.ocsp("/ocsp", OcspResponder(world.authority, NOW), status(503))
    world.server.crl("/ca.crl", world.authority.crl(NOW))
    return world.authority.issue(ocsp=world.ocsp, crl=world.crl)


_REASONS: Sequence[x509.ReasonFlags | None] = (
    None,
    *(reason for reason in x509.ReasonFlags if reason.value not in ("unspecified", "removeFromCRL")),
)
_STALE = NOW - 9 * DAY

GROUPS: Mapping[str, Mapping[str, Case]] = {
    "The certificate": {
        "in order": good(certificate(own())),
        "expired": bad(certificate(own(until=NOW - DAY))),
        "not yet valid": bad(certificate(own(since=NOW + DAY)), INVALID),
        "for user authentication": bad(
            certificate(own(usage=["digital_signature"], extra=[(_AUTHENTICATION, True)])), INVALID
        ),
        "for encryption": bad(certificate(own(usage=["key_encipherment"])), INVALID),
        "a CA's own": bad(certificate(own(ca=True)), INVALID),
        "with an unknown critical extension": bad(certificate(own(extra=[(UNKNOWN_EXTENSION, True)])), INVALID),
        "of a look-alike CA: name, key identifier and numbers of the genuine one": bad(certificate(look_alike)),
        "of a CA that nobody trusts": bad(certificate(stranger)),
        "of the test hierarchy (O=JPKI-TEST)": bad(certificate(test_hierarchy)),
        "the same with `--accept-test-hierarchy` (and a notice)": good(
            certificate(test_hierarchy, "--accept-test-hierarchy")
        ),
    },
    "Revoked": {
        **{
            f"{reason.value if reason else 'no reason'}, by {how.upper()}": bad(revoked(reason, how))
            for how in ("crl", "ocsp")
            for reason in _REASONS
        },
        "the CA's certificate (cACompromise)": bad(of_ca),
    },
    "CRLs": {
        "fresh": good(crl(lambda ca: ca.crl(NOW))),
        "stale": bad(crl(lambda ca: ca.crl(_STALE))),
        "without nextUpdate": bad(crl(lambda ca: ca.crl(NOW, life=None))),
        "from the future": bad(crl(lambda ca: ca.crl(NOW + DAY))),
        "by the wrong key": bad(crl(lambda ca: ca.look_alike().crl(NOW))),
        "damaged": bad(damaged_crl),
        "of another CA": bad(crl(lambda ca: Authority(ca.keys, "Another").crl(NOW))),
        "of the other partition (address)": bad(crl(lambda ca: ca.crl(NOW, point="http://127.0.0.1/b.crl"))),
        "of the other partition (directory name, file)": bad(partitions(_OTHER_POINT)),
        "of both partitions (directory names, files)": good(partitions(_OTHER_POINT, _POINT)),
        "a delta alone": bad(crl(lambda ca: ca.crl(NOW, number=2, base=1))),
        "a delta and its base": good(delta(moved=False)),
        "a delta that revokes, and its base": bad(delta(moved=True)),
        "a delta to a newer base": good(delta(moved=False, base=6)),
        "for CAs only": bad(crl(lambda ca: ca.crl(NOW, only_cas=True))),
        "for some reasons only": bad(crl(lambda ca: ca.crl(NOW, only_reasons=[x509.ReasonFlags.key_compromise]))),
        "indirect": bad(crl(lambda ca: ca.crl(NOW, indirect=True))),
        "with an unknown critical extension": bad(crl(lambda ca: ca.crl(NOW, extra=[(UNKNOWN_EXTENSION, True)]))),
        "stale, and a fresh one as a file": good(crl(lambda ca: ca.crl(_STALE), lambda ca: ca.crl(NOW))),
        "none, and no address": bad(nowhere),
    },
    "OCSP": {
        "good": good(responder()),
        "good, by an authorised responder": good(delegated()),
        "good, without nonce": good(responder(nonce="none")),
        "unknown": bad(responder(status=ocsp.OCSPCertStatus.UNKNOWN)),
        "stale": bad(responder(at=_STALE)),
        "from the future": bad(responder(at=NOW + DAY)),
        "wrong nonce": bad(responder(nonce="wrong")),
        "another certificate's answer": bad(responder(about=4711)),
        "wrong signature": bad(responder(bad_signature=True)),
        "wrong signer: a look-alike's responder": bad(delegated(lambda ca: ca.look_alike())),
        "wrong signer: another CA's responder": bad(delegated(lambda ca: Authority(ca.keys, "Another"))),
        "responder without OCSPSigning (EKU)": bad(delegated(purpose=False)),
        "responder expired": bad(delegated(until=NOW - DAY)),
        "responder that would have to be checked itself": bad(delegated(no_check=False)),
        "tryLater": bad(responder(error=ocsp.OCSPResponseStatus.TRY_LATER)),
        "unauthorized": bad(responder(error=ocsp.OCSPResponseStatus.UNAUTHORIZED)),
        "internalError": bad(responder(error=ocsp.OCSPResponseStatus.INTERNAL_ERROR)),
    },
    "The way to the server": {
        "unreachable": bad(unreachable),
        "slow": bad(fault(slow(before=60))),
        "a byte now and then": bad(fault(slow(between=2))),
        "an endless answer": bad(fault(endless())),
        "10 MB": bad(fault(big())),
        "10 MB, for a CRL": bad(fault(big(), "crl")),
        "garbage": bad(fault(body(b"garbage"))),
        "garbage, for a CRL": bad(fault(body(b"garbage"), "crl")),
        "nothing": bad(fault(body(b""))),
        "an error (500)": bad(fault(status(500))),
        "sent round in circles": bad(fault(redirect(), "crl")),
        "sent to a file": bad(fault(redirect("file:///etc/passwd"), "crl")),
        "compressed": bad(fault(zipped())),
        "cut off": bad(fault(cut())),
        "hung up": bad(fault(hang_up())),
        "OCSP fails, the CRL is there": good(crl_instead),
    },
}
CASES: Mapping[str, Case] = {
    f"{group}: {title}": case for group, cases in GROUPS.items() for title, case in cases.items()
}


# Time-stamping authorities: what `sign --timestamp-url` gets


@dataclass(frozen=True)
class TsaCase:
    """A knob of the authority, a fault on the way, or neither; only what is in order gives a timestamp."""

    turn: Callable[[Tsa], None] = lambda _tsa: None
    fault: Fault | None = None
    good: bool = False
    there: bool = True


def knob(**values: object) -> TsaCase:
    def turn(tsa: Tsa) -> None:
        for name, value in values.items():
            setattr(tsa, name, value)

    return TsaCase(turn)


def signer(make: Callable[[Authority], Credential]) -> TsaCase:
    return TsaCase(lambda tsa: setattr(tsa, "signer", make(tsa.authority)))


TSA_CASES: Mapping[str, TsaCase] = {
    "in order": TsaCase(good=True),
    "wrong nonce": knob(nonce="wrong"),
    "no nonce": knob(nonce="none"),
    "over something else": knob(wrong_digest=True),
    "wrong signature": knob(bad_signature=True),
    "without certificate": knob(certificates=False),
    "refuses": knob(reject="system_failure"),
    "certificate without timeStamping (EKU)": signer(lambda ca: ca.tsa("No purpose", purpose=False)),
    "certificate expired": signer(lambda ca: ca.tsa("Old", until=NOW - DAY)),
    "of a look-alike CA": signer(lambda ca: ca.look_alike().tsa()),
    "of a CA that nobody trusts": signer(lambda ca: Authority(ca.keys, "Another").tsa()),
    "unreachable": TsaCase(there=False),
    "slow": TsaCase(fault=slow(before=60)),
    "an endless answer": TsaCase(fault=endless()),
    "10 MB": TsaCase(fault=big()),
    "garbage": TsaCase(fault=body(b"garbage")),
    "an error (503)": TsaCase(fault=status(503)),
    "hung up": TsaCase(fault=hang_up()),
}
