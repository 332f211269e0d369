"""What others sign is read; what is malformed, ambiguous or forbidden in a CMS is refused, each for its own reason."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from asn1crypto import algos, cms, core, keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from jitsuin.formats.cms import cms_form
from jitsuin.formats.cms_reading import check_signed_data, read_signed_data
from jitsuin.formats.profiles import Chain
from jitsuin.formats.verdict import RefusedSignatureError, SubIndication

CONTENT = "申請書\r\n".encode() * 500
AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
PEOPLE = ["valid", "p384", "p256", "p521"]


def judged(der: bytes, content: bytes = CONTENT, *, accept_sha1: bool = False):
    """Read and checked."""
    data = read_signed_data(der, accept_sha1=accept_sha1)
    check_signed_data(data, hashlib.new(data.hash_name, content).digest())
    return data


def refusal(der: bytes, **options: bool) -> tuple[SubIndication | None, str]:
    with pytest.raises(RefusedSignatureError) as caught:
        judged(der, **options)
    return caught.value.verdict.sub_indication, caught.value.verdict.reason


def ours(who, chain: Chain = Chain.FULL) -> bytes:
    form = cms_form(who.identity, chain, signing_time=AT)
    digest = hashlib.new(form.scheme.rpartition("-")[2], CONTENT).digest()
    return form.content_info(digest, who.sign(form.signed_attributes(digest), form.scheme))


# Signatures by others


@pytest.fixture(scope="session")
def openssl_sign(openssl, tmp_path_factory):
    folder = tmp_path_factory.mktemp("signer")

    def sign(who, *options: str) -> bytes:
        (folder / "key.pem").write_bytes(who.pem)
        (folder / "certificate.pem").write_bytes(who.certificate.public_bytes(Encoding.PEM))
        (folder / "content").write_bytes(CONTENT)
        files = ["-in", folder / "content", "-signer", folder / "certificate.pem", "-inkey", folder / "key.pem"]
        done = openssl.run("cms", "-sign", "-binary", "-outform", "DER", *files, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return sign


def pyhanko_sign(who, *, cades: bool = False, digest: str | None = None, pss: bool = False) -> bytes:
    store = SimpleCertificateStore()
    store.register_multiple(asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in who.chain)
    key = keys.PrivateKeyInfo.load(who.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    certificate = asn1_x509.Certificate.load(who.certificate.public_bytes(Encoding.DER))
    signer = SimpleSigner(certificate, key, store, prefer_pss=pss)
    digest = digest or cms_form(who.identity, Chain.LEAF, signing_time=None).scheme.rpartition("-")[2]
    covered = hashlib.new(digest, CONTENT).digest()
    return asyncio.run(signer.async_sign(covered, digest, use_pades=cades)).dump()


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("options", [[], ["-nosmimecap"], ["-cades"], ["-md", "sha512"], ["-md", "sha384"]])
def test_openssl_signs(name, options, party, openssl_sign) -> None:
    who = party(name)
    data = judged(openssl_sign(who, *options))
    assert data.certificate == who.certificate
    assert data.signing_time is not None
    assert data.signing_certificate == data.signing_certificate_v2 == ("-cades" in options)
    assert not data.weak


@pytest.mark.parametrize("name", ["valid", "p384"])
def test_the_signer_may_be_named_by_the_key_identifier(name, party, openssl_sign) -> None:
    who = party(name)
    der = openssl_sign(who, "-keyid")
    assert cms.ContentInfo.load(der)["content"]["signer_infos"][0]["sid"].name == "subject_key_identifier"
    assert judged(der).certificate == who.certificate


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("cades", [False, True])
def test_pyhanko_signs(name, cades, party) -> None:
    who = party(name)
    data = judged(pyhanko_sign(who, cades=cades))
    assert data.certificate == who.certificate
    assert set(data.embedded) == set(who.chain) - {who.certificate}
    assert data.signing_certificate_v2


@pytest.mark.parametrize("name", PEOPLE)
def test_cryptography_signs(name, party) -> None:
    who = party(name)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT).add_signer(who.certificate, who.key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    data = judged(builder.sign(Encoding.DER, options))
    assert data.certificate == who.certificate
    assert not data.signing_certificate
    assert refusal(builder.sign(Encoding.DER, options[1:]))[1] == "cms-encapsulated-content"
    plain = builder.sign(Encoding.DER, [*options, pkcs7.PKCS7Options.NoAttributes])
    assert refusal(plain) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-no-signed-attributes")


def test_openssl_signs_what_we_refuse(party, openssl_sign, openssl_cms) -> None:
    who = party("valid")
    failure = SubIndication.SIG_CONSTRAINTS_FAILURE
    cases = [
        (["-stream"], SubIndication.FORMAT_FAILURE, "cms-not-der"),
        (["-nodetach"], failure, "cms-encapsulated-content"),
        (["-noattr"], failure, "cms-no-signed-attributes"),
        (["-nocerts"], SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no-certificate"),
        (["-md", "sha1"], SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "sha1-refused"),
        (["-md", "md5"], SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "algorithm-refused"),
        (["-econtent_type", "1.2.3.4"], failure, "cms-content-type"),
        (["-keyopt", "rsa_padding_mode:pss"], SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "cms-rsa-pss"),
    ]
    for options, sub_indication, reason in cases:
        der = openssl_sign(who, *options)
        if "-nocerts" not in options:
            assert openssl_cms.verify(der, CONTENT).ok, options
        assert refusal(der) == (sub_indication, reason)
    assert refusal(openssl_sign(who, "-md", "md5"), accept_sha1=True)[1] == "algorithm-refused"


@pytest.mark.parametrize("name", ["valid", "p256"])
def test_sha1_is_computed_on_request_and_then_marked(name, party, openssl_sign) -> None:
    der = openssl_sign(party(name), "-md", "sha1")
    data = judged(der, accept_sha1=True)
    assert data.weak
    assert data.scheme.endswith("-sha1")
    assert refusal(der)[1] == "sha1-refused"


def test_pss_by_pyhanko_is_named(party) -> None:
    assert refusal(pyhanko_sign(party("valid"), pss=True))[1] == "cms-rsa-pss"


def test_another_hash_than_the_curve_calls_for_is_read(party) -> None:
    assert judged(pyhanko_sign(party("p384"), digest="sha256")).scheme == "ecdsa-sha256"


# Alterations of a right one. Those within the signed attributes are signed anew, so that nothing else is wrong.


class Editor:
    """A CMS of ours, taken apart by asn1crypto to be altered."""

    def __init__(self, who) -> None:
        self.who = who
        self.info = cms.ContentInfo.load(ours(who))
        self.signed_data = self.info["content"]
        self.signer = self.signed_data["signer_infos"][0]

    def attribute(self, kind: str) -> cms.CMSAttribute:
        (found,) = [one for one in self.signer["signed_attrs"] if one["type"].native == kind]
        return found

    def attributes(self, *, without: str = "", extra: tuple[cms.CMSAttribute, ...] = ()) -> None:
        kept = [one for one in self.signer["signed_attrs"] if one["type"].native != without]
        self.signer["signed_attrs"] = cms.CMSAttributes([*kept, *extra])

    def signed(self) -> bytes:
        """With a new value over whatever the attributes are now."""
        attributes = self.signer["signed_attrs"].untag().dump(force=True)
        hash_ = self.signer["digest_algorithm"]["algorithm"].native
        self.signer["signature"] = self.who.sign(attributes, f"x-{hash_}")
        return self.dumped()

    def dumped(self) -> bytes:
        return self.info.dump(force=True)


@pytest.fixture
def editor(party):
    return Editor(party("valid"))


def test_the_control_of_all_alterations(editor, openssl_cms) -> None:
    der = editor.signed()
    assert judged(der).certificate == editor.who.certificate
    assert openssl_cms.verify(der, CONTENT, editor.who).ok


def test_another_content(party) -> None:
    der = ours(party("valid"))
    data = read_signed_data(der, accept_sha1=False)
    with pytest.raises(RefusedSignatureError) as caught:
        check_signed_data(data, hashlib.sha256(CONTENT[1:]).digest())
    assert caught.value.verdict.sub_indication is SubIndication.HASH_FAILURE
    assert caught.value.verdict.reason == "digest-differs"


@pytest.mark.parametrize("name", PEOPLE)
def test_another_value(name, party) -> None:
    who = party(name)
    editor = Editor(who)
    editor.signer["signature"] = who.sign(
        b"something else", f"x-{editor.signer['digest_algorithm']['algorithm'].native}"
    )
    assert refusal(editor.dumped()) == (SubIndication.SIG_CRYPTO_FAILURE, "value-differs")


def test_a_short_key(certify) -> None:
    assert refusal(ours(certify(rsa.generate_private_key(65537, 1024))))[1] == "key-too-short"  # noqa: S505
    assert judged(ours(certify(rsa.generate_private_key(65537, 2048))))


@pytest.mark.parametrize("count", [0, 2, 3])
def test_number_of_signers(count, editor) -> None:
    editor.signed_data["signer_infos"] = cms.SignerInfos([editor.signer] * count)
    assert refusal(editor.dumped()) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-signers")


def test_encapsulated_content(editor) -> None:
    editor.signed_data["encap_content_info"] = {"content_type": "data", "content": CONTENT}
    assert refusal(editor.dumped()) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-encapsulated-content")


def test_content_type(editor) -> None:
    editor.attributes(without="content_type", extra=(attribute("content_type", "signed_data"),))
    assert refusal(editor.signed()) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-content-type")


@pytest.mark.parametrize("kind", ["content_type", "message_digest"])
def test_a_missing_attribute(kind, editor) -> None:
    editor.attributes(without=kind)
    assert refusal(editor.signed()) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-attribute-missing")


@pytest.mark.parametrize("kind", ["content_type", "message_digest", "signing_certificate_v2", "signing_time"])
def test_an_attribute_twice_or_with_two_values(kind, party) -> None:
    for times in (2, 1):
        editor = Editor(party("valid"))
        one = editor.attribute(kind)
        value = one["values"][0]
        double = cms.CMSAttribute({"type": kind, "values": [value] * (3 - times)})
        editor.attributes(without=kind, extra=(double,) * times)
        assert refusal(editor.signed()) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-attribute-not-single")


def attribute(kind: str, *values: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": list(values)})


def test_attributes_that_nobody_knows_are_no_matter(editor) -> None:
    editor.attributes(extra=(attribute("1.2.3.4.5", core.Any(core.UTF8String("x"))),))
    assert judged(editor.signed())


def test_attributes_in_another_order(editor) -> None:
    """Signed as they stand; a verifier that put them in order first would find another value."""
    encodings = sorted((one.dump() for one in editor.signer["signed_attrs"]), reverse=True)
    der = ours(editor.who)
    ordered = b"".join(reversed(encodings))
    assert ordered in der
    assert refusal(der.replace(ordered, b"".join(encodings))) == (SubIndication.FORMAT_FAILURE, "cms-not-der")


def ess(certificate: bytes, *, serial: int | None = None, hash_: str = "sha256") -> cms.CMSAttribute:
    cert_id = {"cert_hash": hashlib.new(hash_, certificate).digest(), "hash_algorithm": {"algorithm": hash_}}
    if serial is not None:
        issuer = asn1_x509.Certificate.load(certificate).issuer
        name = asn1_x509.GeneralName("directory_name", issuer)
        cert_id["issuer_serial"] = {"issuer": [name], "serial_number": serial}
    return attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(cert_id)]}))


def test_signing_certificate(party, openssl_cms) -> None:
    """Each hash that we know, with and without issuerSerial; then another certificate, another number, an old hash."""
    who = party("valid")
    der = who.certificate.public_bytes(Encoding.DER)
    number = who.certificate.serial_number

    def with_ess(value: cms.CMSAttribute) -> bytes:
        editor = Editor(who)
        editor.attributes(without="signing_certificate_v2", extra=(value,))
        return editor.signed()

    for hash_ in ("sha256", "sha384", "sha512"):
        for serial in (None, number):
            right = with_ess(ess(der, hash_=hash_, serial=serial))
            assert judged(right).signing_certificate_v2
            assert openssl_cms.verify(right, CONTENT, who).ok
    for other in (ess(party("second").certificate.public_bytes(Encoding.DER)), ess(der, serial=number + 1)):
        wrong = with_ess(other)
        assert refusal(wrong) == (SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-differs")
    old = with_ess(ess(der, hash_="sha1"))
    assert refusal(old) == (SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "sha1-refused")
    assert judged(old, accept_sha1=True).weak
    assert refusal(with_ess(ess(der, hash_="md5")), accept_sha1=True)[1] == "algorithm-refused"


@pytest.mark.parametrize("right", [True, False])
def test_signing_certificate_of_version_1(right, editor, party) -> None:
    who = editor.who if right else party("second")
    value = {"certs": [{"cert_hash": hashlib.sha1(who.certificate.public_bytes(Encoding.DER)).digest()}]}  # noqa: S324
    extra = attribute("signing_certificate", tsp.SigningCertificate(value))
    editor.attributes(without="signing_certificate_v2", extra=(extra,))
    der = editor.signed()
    if right:
        data = judged(der, accept_sha1=True)
        assert (data.signing_certificate, data.signing_certificate_v2, data.weak) == (True, False, True)
        assert refusal(der)[1] == "sha1-refused"
    else:
        assert refusal(der, accept_sha1=True)[1] == "signing-certificate-differs"


@pytest.mark.parametrize(
    ("digest", "signature", "reason"),
    [
        ("sha256", "rsassa_pkcs1v15", None),
        ("sha512", "rsassa_pkcs1v15", "cms-algorithms-differ"),
        ("sha256", "sha256_rsa", "cms-algorithms-differ"),  # RFC 6211: must be the same, not only mean the same
    ],
)
def test_algorithm_protection(digest, signature, reason, editor) -> None:
    value = cms.CMSAlgorithmProtection(
        {
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": signature, "parameters": core.Null()}),
        }
    )
    editor.attributes(extra=(attribute("cms_algorithm_protection", value),))
    der = editor.signed()
    assert refusal(der)[1] == reason if reason else judged(der)


@pytest.mark.parametrize("algorithm", ["sha256_rsa", "sha512_rsa", "sha1_rsa", "dsa", "md5_rsa", "sha256_ecdsa"])
def test_signature_algorithm(algorithm, editor) -> None:
    editor.signer["signature_algorithm"] = {"algorithm": algorithm}
    if algorithm.endswith("rsa") and algorithm != "md5_rsa":
        editor.signer["signature_algorithm"]["parameters"] = core.Null()
    expected = {
        "sha512_rsa": "cms-algorithms-differ",
        "sha1_rsa": "cms-algorithms-differ",
        "dsa": "algorithm-refused",
        "md5_rsa": "algorithm-refused",
        "sha256_ecdsa": "value-differs",  # the certificate's key is another
    }
    if algorithm in expected:
        assert refusal(editor.dumped())[1] == expected[algorithm]
    else:
        assert judged(editor.dumped())


def test_digest_algorithms(editor) -> None:
    editor.signed_data["digest_algorithms"] = [{"algorithm": "sha512"}, {"algorithm": "sha256"}]
    assert judged(editor.dumped())
    editor.signed_data["digest_algorithms"] = [{"algorithm": "sha512"}]
    assert refusal(editor.dumped()) == (SubIndication.FORMAT_FAILURE, "cms-digest-algorithms")


def test_null_parameters_of_digests_are_read(editor) -> None:
    """As Acrobat and older programs write them."""
    null = {"algorithm": "sha256", "parameters": core.Null()}
    editor.signed_data["digest_algorithms"] = [null]
    assert judged(editor.dumped())
    editor.signer["digest_algorithm"] = null
    assert judged(editor.dumped())


def test_certificates(party) -> None:
    def with_certificates(*chosen: bytes) -> bytes:
        editor = Editor(party("valid"))
        editor.signed_data["certificates"] = [asn1_x509.Certificate.load(one) for one in chosen]
        return editor.dumped()

    own, other, ca = (
        one.public_bytes(Encoding.DER)
        for one in (party("valid").certificate, party("second").certificate, party("valid").issuers[0])
    )
    assert judged(with_certificates(own))
    assert judged(with_certificates(other, own, ca)).certificate == party("valid").certificate
    assert refusal(with_certificates(other, ca)) == (SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no-certificate")
    assert judged(with_certificates(own, ca, own)).embedded == party("valid").issuers
    twin = own[:-1] + bytes([own[-1] ^ 1])  # issuer and serial number are the same, the certificate is not
    assert refusal(with_certificates(own, ca, twin)) == (SubIndication.FORMAT_FAILURE, "signer-ambiguous")
    assert judged(with_certificates(own, *[ca] * 19))
    assert refusal(with_certificates(own, *[ca] * 20))[1] == "too-many-certificates"


def test_certificates_that_cannot_be_read(party) -> None:
    der = ours(party("valid"))
    ca = party("valid").issuers[0].public_bytes(Encoding.DER)
    key_type = ca.index(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
    broken = ca[:key_type] + ca[key_type:].replace(b"\x03\x82\x01\x0f\x00\x30", b"\x03\x82\x01\x0f\x00\x31", 1)
    assert broken != ca
    assert refusal(der.replace(ca, broken)) == (SubIndication.FORMAT_FAILURE, "certificate-unreadable")


def test_certificates_of_other_kinds(party) -> None:
    der = ours(party("valid"))
    ca = party("valid").issuers[0].public_bytes(Encoding.DER)
    assert refusal(der.replace(ca, b"\xa1" + ca[1:]))[1] == "cms-certificate-kind"


@pytest.mark.parametrize("version", ["v0", "v2", "v3"])
def test_version_of_the_signer_info(version, editor) -> None:
    editor.signer["version"] = version
    assert refusal(editor.dumped()) == (SubIndication.FORMAT_FAILURE, "cms-version")


@pytest.mark.parametrize(("version", "refused"), [("v0", True), ("v2", True), ("v3", False), ("v4", False)])
def test_version_of_the_signed_data(version, refused, editor) -> None:
    editor.signed_data["version"] = version
    assert refusal(editor.dumped())[1] == "cms-version" if refused else judged(editor.dumped())


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (b"\x17\x0d260601030000Z", AT),
        (b"\x17\x0d500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (b"\x17\x0d491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (b"\x17\x0d261301030000Z", None),
        (b"\x17\x0d260601030060Z", None),
        (b"\x17\x0d26060103+0900", None),
        (b"\x17\x0d2606010300.0Z", None),
        (b"\x17\x0d260601030000z", None),
        (b"\x18\x0d260601030000Z", None),
        (b"\x0c\x0d260601030000Z", None),
        (b"\x17\x0d" + "２".encode() + b"606010300Z", None),
    ],
)
def test_signing_time(time, expected, party) -> None:
    who = party("valid")
    form = cms_form(who.identity, Chain.FULL, signing_time=AT)
    before, after = (part.replace(b"\x17\x0d260601030000Z", time) for part in form.attributes)
    form = replace(form, attributes=(before, after))
    digest = hashlib.sha256(CONTENT).digest()
    der = form.content_info(digest, who.sign(form.signed_attributes(digest), form.scheme))
    assert der.count(time) == 1
    if expected is None:
        assert refusal(der) == (SubIndication.FORMAT_FAILURE, "cms-malformed")
    else:
        assert judged(der).signing_time == expected


def test_an_unsigned_timestamp_is_mentioned(editor) -> None:
    token = cms.ContentInfo({"content_type": "data", "content": b"not a token, and not looked at"})
    stamp = attribute("signature_time_stamp_token", token)
    assert not judged(editor.dumped()).timestamped
    editor.signer["unsigned_attrs"] = cms.CMSAttributes([stamp])
    assert judged(editor.dumped()).timestamped


# The outside


def test_every_truncation(party) -> None:
    der = ours(party("p256"))
    for length in range(len(der)):
        assert refusal(der[:length]) == (SubIndication.FORMAT_FAILURE, "cms-malformed")


def test_what_follows(party) -> None:
    der = ours(party("p256"))
    assert judged(der + bytes(100_000))
    for tail in (b"\x01", b"\0" * 1000 + b"0", b"\n", der):
        assert refusal(der + tail) == (SubIndication.FORMAT_FAILURE, "cms-trailing-bytes")


def test_what_is_no_signed_data(party) -> None:
    data = cms.ContentInfo({"content_type": "data", "content": CONTENT}).dump()
    assert refusal(data) == (SubIndication.FORMAT_FAILURE, "cms-not-signed-data")
    bare = ours(party("p256"))
    assert refusal(cms.ContentInfo.load(bare)["content"].untag().dump())[1] == "cms-malformed"


def test_lengths_in_a_long_form(party) -> None:
    der = ours(party("p256"))
    assert der[1] == 0x82
    assert refusal(b"\x30\x83\0" + der[2:]) == (SubIndication.FORMAT_FAILURE, "cms-not-der")
    assert refusal(b"\x30\x80" + der[4:] + b"\0\0") == (SubIndication.FORMAT_FAILURE, "cms-not-der")


def test_size(editor) -> None:
    editor.signer["unsigned_attrs"] = cms.CMSAttributes([attribute("1.2.3.4.5", core.OctetString(bytes(4_000_000)))])
    assert judged(editor.dumped())
    editor.signer["unsigned_attrs"] = cms.CMSAttributes([attribute("1.2.3.4.5", core.OctetString(bytes(4_200_000)))])
    assert refusal(editor.dumped()) == (SubIndication.FORMAT_FAILURE, "cms-too-large")


def test_very_many_values(editor) -> None:
    few, many = (cms.CMSAttributes([attribute("1.2.3.4.5", core.Null())] * count) for count in (900, 2000))
    editor.signer["unsigned_attrs"] = few
    assert judged(editor.dumped())
    editor.signer["unsigned_attrs"] = many
    assert refusal(editor.dumped()) == (SubIndication.FORMAT_FAILURE, "cms-malformed")


# Damage


def mutants(data: bytes, count: int, seed: int) -> list[bytes]:
    """One change each, spread evenly: a bit, a byte gone, one more, another one, a piece twice."""
    chance = random.Random(seed)  # noqa: S311 - damage, not keys
    made = []
    for number in range(count):
        place = number * len(data) // count
        before, byte, behind = data[:place], data[place : place + 1], data[place + 1 :]
        made.append(
            chance.choice(
                (
                    before + bytes([byte[0] ^ 1 << chance.randrange(8)]) + behind,
                    before + behind,
                    before + bytes([chance.randrange(256)]) + byte + behind,
                    before + bytes([chance.randrange(256)]) + behind,
                    before + bytes([byte[0] ^ 1 << chance.randrange(8)]) + bytes([chance.randrange(256)]) + behind[1:],
                    before + byte + before[-chance.randrange(1, 9) :] + behind,
                )
            )
        )
    return [mutant for mutant in made if mutant != data]


def meaning(data) -> tuple[object, ...]:
    return data.certificate, data.signed_attributes, data.message_digest, data.signing_time, data.signing_certificate_v2


@pytest.mark.parametrize("name", ["valid", "p256", "p384"])
def test_damage_is_refused_unless_it_changes_nothing(name, party, openssl_cms) -> None:
    who = party(name)
    der = ours(who, Chain.LEAF)
    right = meaning(judged(der))
    accepted = []
    for mutant in mutants(der, 3_000, seed=20260601):
        try:
            data = judged(mutant)
        except RefusedSignatureError:
            continue
        assert meaning(data) == right
        accepted.append(mutant)
    assert len(accepted) < 60
    for mutant in accepted:
        assert openssl_cms.verify(mutant, CONTENT).ok


def test_damage_to_other_certificates_changes_no_meaning(party) -> None:
    der = ours(party("valid"))
    right = meaning(judged(der))
    outcomes = set()
    for mutant in mutants(der, 4_000, seed=3):
        try:
            assert meaning(judged(mutant)) == right
            outcomes.add(True)
        except RefusedSignatureError:
            outcomes.add(False)
    assert outcomes == {True, False}


NESTED = st.recursive(
    st.tuples(st.sampled_from(b"\x01\x02\x04\x05\x06\x0c\x17\x80"), st.binary(max_size=12)),
    lambda inner: st.tuples(st.sampled_from(b"\x30\x31\xa0\xa1"), st.lists(inner, max_size=6)),
    max_leaves=30,
)


def encoded(value) -> bytes:
    tag, content = value
    body = content if isinstance(content, bytes) else b"".join(map(encoded, content))
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + length + body


@settings(deadline=None, max_examples=500)
@given(st.one_of(st.binary(max_size=60), NESTED.map(encoded)))
def test_no_other_exception_leaves(junk) -> None:
    signed_data = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
    explicit = encoded((0xA0, [(0x30, junk)]))
    for der in (junk, encoded((0x30, signed_data + explicit))):
        with pytest.raises(RefusedSignatureError):
            read_signed_data(der, accept_sha1=True)
