"""PKCS#12 files: good ones, wrong passphrases, and everything else that people call a .p12."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from jitsuin.signer.base import SecretKind, SignatureScheme, SignerOptions
from jitsuin.signer.errors import KeyFileError, KeyUriError, PinCancelledError, PinIncorrectError, UnsupportedKeyError
from jitsuin.signer.simulator import PERSONAS, anchors
from jitsuin.signer.simulator.pki import private_key, signature_certificate
from jitsuin.signer.software import open_signer

PASSPHRASE = "ひみつ の 言葉 "


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def issue(subject: str, key, issuer: str, issuer_key, at: datetime) -> x509.Certificate:
    begin, end = at - timedelta(days=1), at + timedelta(days=1)
    builder = x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), 1, begin, end)
    return builder.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


@pytest.fixture
def write(tmp_path: Path, at: datetime):
    """Write a PKCS#12 file of the default person, or of what is given."""
    person = PERSONAS["valid"]

    def make(key=None, certificate=None, cas=None, passphrase: str | None = PASSPHRASE) -> Path:
        encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        content = pkcs12.serialize_key_and_certificates(
            None,
            key if key is not None else private_key(person.name),
            certificate if certificate is not None else signature_certificate(person, at),
            list(anchors()) if cas is None else cas,
            encryption,
        )
        path = tmp_path / "id.p12"
        path.write_bytes(content)
        return path

    return make


@pytest.fixture
def opened(at: datetime, asked):
    """(signer, callback) on a file."""

    def make(path: Path | str, passphrase: str | BaseException = PASSPHRASE):
        callback = asked(passphrase)
        return open_signer(f"file:{path}", SignerOptions(callback, at)), callback

    return make


def test_signs_with_rsa(write, opened, openssl) -> None:
    signer, callback = opened(write())
    with signer:
        assert not callback.requests
        value = signer.sign(b"to be signed", SignatureScheme.RSA_SHA256)
        assert openssl.verify_value(signer.certificate, b"to be signed", value).ok
        assert openssl.verify_value(signer.certificate, b"something else", value).invalid
        _ = signer.issuers
    (request,) = callback.requests
    assert (request.kind, request.token, request.tries_left) == (SecretKind.PASSPHRASE, "id.p12", None)


@pytest.mark.parametrize(
    ("curve", "scheme"),
    [
        (ec.SECP256R1(), SignatureScheme.ECDSA_SHA256),
        (ec.SECP384R1(), SignatureScheme.ECDSA_SHA384),
        (ec.SECP521R1(), SignatureScheme.ECDSA_SHA512),
    ],
)
def test_signs_with_ecdsa(write, opened, openssl, at: datetime, curve, scheme: SignatureScheme) -> None:
    key = ec.generate_private_key(curve)
    signer, _ = opened(write(key, issue("leaf", key, "leaf", key, at), []))
    with signer:
        assert SignatureScheme.for_key(signer.certificate.public_key()) is scheme
        value = signer.sign(b"to be signed", scheme)
        assert openssl.verify_value(signer.certificate, b"to be signed", value, scheme.hash.name).ok
        assert signer.issuers == ()
        with pytest.raises(UnsupportedKeyError):
            signer.sign(b"", SignatureScheme.RSA_SHA256)


def test_the_issuer_among_three_of_one_name(write, opened) -> None:
    signer, _ = opened(write())
    with signer:
        assert signer.issuers == (anchors()[2],)


def test_a_longer_chain_in_any_order(write, opened, at: datetime) -> None:
    root, middle, leaf, stray = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
    chain = [
        issue("leaf", leaf, "middle", middle, at),
        issue("middle", middle, "root", root, at),
        issue("root", root, "root", root, at),
    ]
    others = [issue("middle", stray, "root", root, at), issue("leaf", leaf, "root", root, at)]
    signer, _ = opened(write(leaf, chain[0], [others[0], chain[2], chain[1]]))
    with signer:
        assert signer.certificate == chain[0]
        assert signer.issuers == (chain[1], chain[2])


def test_a_chain_without_its_root_and_one_that_runs_in_a_circle(write, opened, at: datetime) -> None:
    one, two, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    certificate = issue("leaf", leaf, "one", one, at)
    signer, _ = opened(write(leaf, certificate, [issue("one", one, "two", two, at)]))
    with signer:
        assert len(signer.issuers) == 1
    circle = [issue("one", one, "two", two, at), issue("two", two, "one", one, at)]
    signer, _ = opened(write(leaf, certificate, circle))
    with signer:
        assert signer.issuers == tuple(circle)


def test_an_empty_passphrase_is_passed_too(write, opened) -> None:
    signer, callback = opened(write(passphrase=None), "")
    with signer:
        assert signer.certificate
    assert len(callback.requests) == 1


@pytest.mark.parametrize("wrong", ["", "wrong", PASSPHRASE.strip(), PASSPHRASE.upper() + "x"])
def test_a_wrong_passphrase_is_asked_for_once(write, opened, wrong: str) -> None:
    signer, callback = opened(write(), wrong)
    with signer:
        for use in (lambda: signer.certificate, lambda: signer.sign(b"", SignatureScheme.RSA_SHA256)):
            with pytest.raises(PinIncorrectError) as caught:
                use()
            assert caught.value.tries_left is None
            assert not wrong or wrong not in str(caught.value)
    assert len(callback.requests) == 1


def test_giving_up(write, opened) -> None:
    signer, callback = opened(write(), KeyboardInterrupt())
    with signer:
        with pytest.raises(KeyboardInterrupt):
            _ = signer.certificate
        with pytest.raises(PinCancelledError):
            _ = signer.certificate
    assert len(callback.requests) == 1


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n", b"\xff\xd8\xff\xe0"])
def test_what_is_no_pkcs12_at_all_is_refused_before_asking(tmp_path: Path, opened, content: bytes) -> None:
    (tmp_path / "id.p12").write_bytes(content)
    with pytest.raises(KeyFileError) as caught:
        opened(tmp_path / "id.p12")
    assert caught.value.reason == "not-pkcs12"


def test_a_truncated_file_is_not_a_wrong_passphrase(write, opened, at: datetime) -> None:
    path = write()
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:100], signature_certificate(PERSONAS["valid"], at).public_bytes(Encoding.DER)):
        path.write_bytes(content)
        signer, _ = opened(path)
        with pytest.raises(KeyFileError) as caught:
            _ = signer.certificate
        assert caught.value.facts == {"path": path, "reason": "not-pkcs12"}


def test_missing_file(tmp_path: Path, opened) -> None:
    with pytest.raises(KeyFileError) as caught:
        opened(tmp_path / "id.p12")
    assert caught.value.reason == "No such file or directory"


def test_files_without_key_or_certificate(tmp_path: Path, opened, at: datetime) -> None:
    encryption, path = BestAvailableEncryption(PASSPHRASE.encode()), tmp_path / "id.p12"
    certificate, key = signature_certificate(PERSONAS["valid"], at), private_key("valid")
    for content, reason in (
        (pkcs12.serialize_key_and_certificates(None, None, None, [certificate], encryption), "no-key"),
        (pkcs12.serialize_key_and_certificates(None, key, None, None, encryption), "no-certificate"),
        (
            pkcs12.serialize_key_and_certificates(None, key, None, list(anchors()), encryption),
            "certificate-of-another-key",
        ),
    ):
        path.write_bytes(content)
        signer, _ = opened(path)
        with pytest.raises(KeyFileError) as caught:
            _ = signer.certificate
        assert caught.value.reason == reason


def test_a_certificate_that_is_not_marked_as_the_keys_own(tmp_path: Path, opened, at: datetime) -> None:
    certificate = signature_certificate(PERSONAS["valid"], at)
    content = pkcs12.serialize_key_and_certificates(
        None, private_key("valid"), None, [anchors()[2], certificate], BestAvailableEncryption(PASSPHRASE.encode())
    )
    (tmp_path / "id.p12").write_bytes(content)
    signer, _ = opened(tmp_path / "id.p12")
    with signer:
        assert signer.certificate == certificate


def test_keys_that_are_not_signed_with(write, opened, at: datetime) -> None:
    for key in (
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - that is the point
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        signer, _ = opened(write(key, issue("leaf", key, "leaf", key, at), []))
        with pytest.raises(UnsupportedKeyError):
            signer.sign(b"", SignatureScheme.RSA_SHA256)


def test_closed_is_closed(write, opened) -> None:
    signer, callback = opened(write())
    with signer:
        _ = signer.certificate
    assert signer._bundle is None  # the key is not kept
    with pytest.raises(KeyFileError) as caught:
        _ = signer.certificate
    assert caught.value.reason == "closed"
    assert len(callback.requests) == 1


def test_openssl_makes_files_that_open(tmp_path: Path, opened, openssl, at: datetime) -> None:
    key, certificate = private_key("valid"), signature_certificate(PERSONAS["valid"], at)
    pem = tmp_path / "all.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
        + anchors()[2].public_bytes(Encoding.PEM)
    )
    path = tmp_path / "openssl.p12"
    done = openssl.run("pkcs12", "-export", "-in", pem, "-out", path, "-passout", "pass:secret word")
    assert done.returncode == 0, done.stderr
    signer, _ = opened(path, "secret word")
    with signer:
        assert signer.certificate == certificate
        assert signer.issuers == (anchors()[2],)
    signer, _ = opened(path, "other word")
    with pytest.raises(PinIncorrectError):
        _ = signer.certificate


@pytest.mark.parametrize("legacy", ["PBE-SHA1-RC2-40", "PBE-SHA1-3DES"])
def test_old_encryptions_open_or_say_why(tmp_path: Path, write, opened, openssl, at: datetime, legacy: str) -> None:
    write(passphrase=None)
    pem, path = tmp_path / "all.pem", tmp_path / "legacy.p12"
    openssl.run("pkcs12", "-in", tmp_path / "id.p12", "-passin", "pass:", "-nodes", "-out", pem)
    export = ("pkcs12", "-export", "-legacy", "-certpbe", legacy, "-in", pem, "-out", path, "-passout", "pass:old")
    made = openssl.run(*export)
    assert made.returncode == 0, f"openssl's legacy provider is part of Debian's package: {made.stderr}"
    signer, _ = opened(path, "old")
    try:
        assert signer.certificate == signature_certificate(PERSONAS["valid"], at)
    except KeyFileError as error:
        assert error.reason == "unsupported-encryption"  # noqa: PT017 - either answer is right


def test_an_encryption_that_the_library_does_not_know(write, opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: bytes) -> None:
        raise UnsupportedAlgorithm("unknown")

    signer, _ = opened(write())
    monkeypatch.setattr(pkcs12, "load_pkcs12", load)
    with pytest.raises(KeyFileError) as caught:
        _ = signer.certificate
    assert caught.value.reason == "unsupported-encryption"


# URIs


def test_forms_of_the_uri(write, opened, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write()
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.chdir(path.parent)
    for form in (path, f"//{path}", f"//localhost{path}", "~/id.p12", "id.p12"):
        signer, _ = opened(form)
        with signer:
            assert signer.certificate
    literal = path.with_name("100%25?.p12")
    path.rename(literal)
    opened(literal)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("file:", "path"),
        ("file://elsewhere/id.p12", "host"),
        ("card:id.p12", "scheme"),
        ("file:~nobody-of-that-name/id.p12", "no-such-user"),
    ],
)
def test_other_uris(at: datetime, asked, uri: str, reason: str) -> None:
    with pytest.raises(KeyUriError) as caught:
        open_signer(uri, SignerOptions(asked(""), at))
    assert caught.value.facts == {"uri": uri, "reason": reason}
