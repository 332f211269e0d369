"""OCSP responders and time-stamping authorities of the tests' own, whose answers can be wrong in every way.

Each is a dataclass whose fields are knobs, to be turned also between two answers. OCSP answers are cryptography's;
timestamps are those of the openssl program, at any time by faketime, taken apart and signed anew where a knob wants
something that openssl does not do.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from asn1crypto import cms, tsp
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import ParsableOctetString, Sequence
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from authority import Authority, Credential, Entry, damaged, pem_of, sign
from programs import require, run

Nonce = Literal["echo", "wrong", "none"]
POLICY, OTHER_POLICY = "1.3.6.1.4.1.32473.1.1", "1.3.6.1.4.1.32473.1.2"


@dataclass
class OcspResponder:
    """Answers for an authority by what that has issued and revoked at `at`, which is thisUpdate."""

    authority: Authority
    at: datetime
    life: timedelta | None = timedelta(days=1)
    """Until nextUpdate; None leaves that out."""
    produced: datetime | None = None
    """producedAt, where it is not `at`."""
    status: ocsp.OCSPCertStatus | None = None
    """Said whatever the authority knows."""
    signer: Credential | None = None
    """A delegated or false responder, whose certificate goes with the answer; otherwise the authority itself."""
    certificates: bool = True
    """Whether it does."""
    named_by: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.HASH
    nonce: Nonce = "echo"
    about: int | None = None
    """Answers about this serial number, whatever was asked."""
    error: ocsp.OCSPResponseStatus | None = None
    """Answers nothing but this: TRY_LATER, INTERNAL_ERROR, UNAUTHORIZED, SIG_REQUIRED, MALFORMED_REQUEST."""
    bad_signature: bool = False

    def answer(self, request_der: bytes) -> bytes:
        if self.error is not None:
            return _der(ocsp.OCSPResponseBuilder.build_unsuccessful(self.error))
        try:
            request = ocsp.load_der_ocsp_request(request_der)
            serial = request.serial_number if self.about is None else self.about
        except (ValueError, NotImplementedError):
            return _der(ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST))
        status, entry = self._known(request, serial)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            request.issuer_name_hash,
            request.issuer_key_hash,
            serial,
            request.hash_algorithm,
            status,
            self.at,
            self.at + self.life if self.life is not None else None,
            entry.at if entry else None,
            entry.reason if entry else None,
        )
        signer = self.signer or self.authority.credential
        builder = builder.responder_id(self.named_by, signer.certificate)
        if self.signer and self.certificates:
            builder = builder.certificates([signer.certificate])
        if nonce := self._nonce(request):
            builder = builder.add_extension(nonce, critical=False)
        made = builder.sign(signer.key, hashes.SHA256())
        return _produced_at(_der(made), self.produced or self.at, signer, spoilt=self.bad_signature)

    def _known(self, request: ocsp.OCSPRequest, serial: int) -> tuple[ocsp.OCSPCertStatus, Entry | None]:
        """`unknown` is for numbers that were never issued, and for requests that name another issuer."""
        entries = [entry for entry in self.authority.revoked if entry.serial == serial and entry.at <= self.at]
        last = max(entries, key=lambda entry: entry.at, default=None)
        if self.status is not None:
            revoked = self.status is ocsp.OCSPCertStatus.REVOKED
            return self.status, last or Entry(serial, self.at) if revoked else None
        if serial not in self.authority.issued or not self._is_meant(request):
            return ocsp.OCSPCertStatus.UNKNOWN, None
        return (ocsp.OCSPCertStatus.REVOKED if last else ocsp.OCSPCertStatus.GOOD), last

    def _is_meant(self, request: ocsp.OCSPRequest) -> bool:
        key = self.authority.key.public_key()
        elliptic = isinstance(key, ec.EllipticCurvePublicKey)
        form = (Encoding.X962, PublicFormat.UncompressedPoint) if elliptic else (Encoding.DER, PublicFormat.PKCS1)
        name_hash = _digest(request.hash_algorithm, self.authority.name.public_bytes())
        key_hash = _digest(request.hash_algorithm, key.public_bytes(*form))
        return (request.issuer_name_hash, request.issuer_key_hash) == (name_hash, key_hash)

    def _nonce(self, request: ocsp.OCSPRequest) -> x509.OCSPNonce | None:
        if self.nonce == "wrong":
            return x509.OCSPNonce(b"another nonce...")
        try:
            given = request.extensions.get_extension_for_class(x509.OCSPNonce).value
        except x509.ExtensionNotFound:
            return None
        return given if self.nonce == "echo" else None


def _produced_at(der: bytes, at: datetime, signer: Credential, *, spoilt: bool) -> bytes:
    """cryptography writes the clock's time, and there is no other way to a time of one's choice."""
    raw = asn1_ocsp.OCSPResponse.load(der)
    basic = raw["response_bytes"]["response"].parsed
    basic["tbs_response_data"]["produced_at"] = at.astimezone(UTC).replace(microsecond=0)
    value = sign(signer.key, basic["tbs_response_data"].dump())
    basic["signature"] = damaged(value) if spoilt else value
    raw["response_bytes"]["response"] = ParsableOctetString(basic.dump())
    return bytes(raw.dump())


class TimeStampResp(Sequence):  # type: ignore[misc]
    """RFC 3161's, in which a rejection has no token; asn1crypto's cannot be without."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]  # noqa: RUF012


@dataclass
class Tsa:
    """A time-stamping authority (RFC 3161). Raises JudgeMissingError where openssl or faketime are missing."""

    authority: Authority
    at: datetime | None = None
    """genTime; None is the machine's clock."""
    signer: Credential | None = None
    """A false one: expired, without timeStamping, of another authority…"""
    policy: str | None = None
    """Stamps by this one, whatever was asked; openssl's knows POLICY and OTHER_POLICY."""
    nonce: Nonce = "echo"
    wrong_digest: bool = False
    certificates: bool | None = None
    """Whether the certificate is in the token; None is as asked."""
    reject: str | None = None
    """Rejects with this failInfo, by asn1crypto's names: bad_alg, bad_request, time_not_available, system_failure…"""
    bad_signature: bool = False

    def __post_init__(self) -> None:
        require("openssl", "openssl")
        require("faketime", "faketime")
        self.credential = self.authority.tsa()
        self._given = 0

    def answer(self, request_der: bytes) -> bytes:
        if self.reject is not None:
            status = {"status": "rejection", "status_string": ["no"], "fail_info": {self.reject}}
            return bytes(TimeStampResp({"status": status}).dump())
        genuine = self._by_openssl(request_der)
        turned = self.signer or self.policy or self.wrong_digest or self.bad_signature or self.nonce != "echo"
        return self._changed(genuine) if turned or self.certificates is not None else genuine

    def _by_openssl(self, request_der: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            certificates = (self.credential.certificate, *self.credential.issuers)
            contents = {
                "query": request_der,
                "serial": b"%04X\n" % self._given,
                "key.pem": pem_of(self.credential.key),
                "signer.pem": certificates[0].public_bytes(Encoding.PEM),
                "chain.pem": b"".join(one.public_bytes(Encoding.PEM) for one in certificates[1:]),
                "configuration": _CONFIGURATION.encode(),
            }
            for file, content in contents.items():
                (folder / file).write_bytes(content)
            call = ["openssl", "ts", "-reply", "-config", "configuration", "-queryfile", "query", "-out", "reply"]
            if self.at is not None:
                clock = f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
                call = ["env", "TZ=UTC", "faketime", clock, *call]
            done = run(call, folder=folder)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.decode(errors="replace"))
            self._given += 1
            return (folder / "reply").read_bytes()

    def _changed(self, genuine: bytes) -> bytes:
        """Taken apart, changed and signed anew. What openssl has rejected stays as it is."""
        response = TimeStampResp.load(genuine)
        if response["status"]["status"].native != "granted":
            return genuine
        signer = self.signer or self.credential
        signed = response["time_stamp_token"]["content"]
        stamp = signed["encap_content_info"]["content"].parsed
        if self.policy is not None:
            stamp["policy"] = self.policy
        if self.wrong_digest:
            stamp["message_imprint"]["hashed_message"] = damaged(stamp["message_imprint"]["hashed_message"].native)
        if self.nonce == "none":
            del stamp["nonce"]
        elif self.nonce == "wrong":
            stamp["nonce"] = (stamp["nonce"].native or 0) + 1
        content = stamp.dump()
        signed["encap_content_info"] = {"content_type": "tst_info", "content": ParsableOctetString(content)}
        if self.certificates is False:
            del signed["certificates"]
        elif self.signer is not None or self.certificates:
            held = [asn1_x509.Certificate.load(_der(one)) for one in (signer.certificate, *signer.issuers)]
            signed["certificates"] = cms.CertificateSet([cms.CertificateChoices("certificate", one) for one in held])
        _sign_anew(signed["signer_infos"][0], content, signer, stamp["gen_time"].native, spoilt=self.bad_signature)
        return bytes(response.dump())


def _sign_anew(information: Any, content: bytes, signer: Credential, at: datetime, *, spoilt: bool) -> None:
    """The signed attributes and the value of a SignerInfo, for another content or another signer."""
    der = _der(signer.certificate)
    certificate = asn1_x509.Certificate.load(der)
    identity = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": sha256(der).digest()})]})
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "signing_time", "values": [cms.Time("utc_time", at.replace(microsecond=0))]},
            {"type": "message_digest", "values": [sha256(content).digest()]},
            {"type": "signing_certificate_v2", "values": [identity]},
        ]
    )
    issuer = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    information["sid"] = cms.SignerIdentifier("issuer_and_serial_number", issuer)
    information["digest_algorithm"] = {"algorithm": "sha256"}
    information["signed_attrs"] = attributes
    elliptic = isinstance(signer.key, ec.EllipticCurvePrivateKey)
    information["signature_algorithm"] = {"algorithm": "sha256_ecdsa" if elliptic else "sha256_rsa"}
    value = sign(signer.key, attributes.dump())
    information["signature"] = damaged(value) if spoilt else value


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _der(thing: x509.Certificate | ocsp.OCSPResponse) -> bytes:
    return thing.public_bytes(Encoding.DER)


_CONFIGURATION = f"""
[tsa]
default_tsa = service
[service]
serial = serial
signer_cert = signer.pem
signer_key = key.pem
certs = chain.pem
signer_digest = sha256
ess_cert_id_alg = sha256
default_policy = {POLICY}
other_policies = {OTHER_POLICY}
digests = sha256, sha384, sha512
accuracy = secs:1
"""
"""Files of the folder it runs in."""
