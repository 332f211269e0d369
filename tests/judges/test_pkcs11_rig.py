"""The rig for PKCS#11: SoftHSM's tokens and the front, as pkcs11-tool sees them, which shares no code with Jitsuin."""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from jitsuin.signer.simulator import PERSONAS, SIGNATURE_PASSWORD, create_card, pki
from judges import OpenSsl
from opensc import MODULE as OPENSC
from opensc import OpenSc
from pcsc_stack import PcscStack
from pkcs11_front import OFFICIAL, Front, FrontBuilder, TokenFlag
from programs import TIMEOUT, JudgeMissingError, run
from softhsm import MODULE, PIN, SoftHsm, SoftToken, StoredCertificate, StoredKey, of_persona

AT = datetime(2026, 6, 1, 3, tzinfo=UTC)
DATA = b"a return of income tax"
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420") + hashlib.sha256(DATA).digest()
LOGIN = ("--login", "--pin", PIN)

CLIENT = """
import sys, pkcs11
with pkcs11.lib(sys.argv[1]).get_token().open(user_pin=sys.argv[2]) as session:
    key = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY)
    print(len(key.sign(bytes.fromhex(sys.argv[3]), mechanism=pkcs11.Mechanism.RSA_PKCS)))
"""
"""Unlike pkcs11-tool it asks first how long a signature will be. Run in a process of its own, as always."""

MakeFront = Callable[..., Front]


@pytest.fixture
def token(softhsm: SoftHsm) -> SoftToken:
    """The keys of `valid`, as they are on the card."""
    return softhsm.token(objects=of_persona("valid", AT))


def certificate_of(persona: str) -> x509.Certificate:
    found = pki.signature_certificate(PERSONAS[persona], AT)
    assert found is not None
    return found


def objects(done: subprocess.CompletedProcess[bytes]) -> list[tuple[str, str, str]]:
    """Kind, label and id of what pkcs11-tool has listed."""
    listed = re.findall(r"(?m)^(\w+).* Object;", done.stdout.decode())
    labels = re.findall(r"(?m)^  label: +(.*)$", done.stdout.decode())
    ids = re.findall(r"(?m)^  ID: +(.*)$", done.stdout.decode())
    return sorted(zip(listed, labels, ids, strict=True))


def sign(
    token: SoftToken, work: Path, *options: str, module: str | Path = MODULE, given: bytes = DIGEST_INFO
) -> tuple[subprocess.CompletedProcess[bytes], bytes]:
    """By pkcs11-tool with RSA-PKCS and key 02 unless the options say otherwise; how it ended, and what it wrote."""
    source, target = work / "given", work / "value"
    source.write_bytes(given)
    words = ["--sign", "--input-file", source, "--output-file", target, *(options or ("--mechanism", "RSA-PKCS"))]
    done = token.tool(*LOGIN, *(() if "--id" in options else ("--id", "02")), *words, module=module)
    return done, target.read_bytes() if target.exists() else b""


# The tokens


def test_a_persona_on_a_token(token: SoftToken) -> None:
    ca = ("Certificate", "Digital Signature Certificate CA", "04")
    assert objects(token.tool("--list-objects")) == [ca]  # the holder's is private, as on the card
    assert objects(token.tool("--list-objects", *LOGIN)) == [
        ("Certificate", "Digital Signature Certificate", "02"),
        ca,
        ("Private", "Digital Signature Key", "02"),
    ]
    read = ("--read-object", "--type", "cert", "--id")
    assert token.tool(*read, "02", *LOGIN).stdout == certificate_of("valid").public_bytes(Encoding.DER)
    assert token.tool(*read, "04").stdout == pki.ca_certificate("sign-ca-03").public_bytes(Encoding.DER)


def test_objects_may_lack_what_they_need_not_have(softhsm: SoftHsm) -> None:
    token = softhsm.token(objects=[StoredCertificate(certificate_of("valid"), id=None)])
    assert re.search(rb"(?m)^  label: *$", token.tool("--list-objects").stdout)
    assert b"ID:" not in token.tool("--list-objects").stdout


def test_tokens_of_one_label(softhsm: SoftHsm) -> None:
    one, other = softhsm.token("同じ"), softhsm.token("同じ", pin="another")
    assert one.serial != other.serial
    listed = one.tool("--list-slots").stdout.decode()
    assert re.findall(r"token label +: (.*)", listed)[:2] == ["同じ", "同じ"]
    assert set(re.findall(r"serial num +: (\w+)", listed)) == {one.serial, other.serial}
    assert one.tool("--list-objects", *LOGIN).returncode == 0
    assert b"CKR_PIN_INCORRECT" in other.tool("--list-objects", *LOGIN).stderr


@pytest.mark.parametrize("mechanism", ["RSA-PKCS", "SHA256-RSA-PKCS"])
def test_signs_with_rsa(token: SoftToken, openssl: OpenSsl, tmp_path: Path, mechanism: str) -> None:
    done, value = sign(
        token, tmp_path, "--mechanism", mechanism, given=DIGEST_INFO if mechanism == "RSA-PKCS" else DATA
    )
    assert done.returncode == 0, done.stderr
    assert openssl.verify_value(certificate_of("valid"), DATA, value).ok
    assert openssl.verify_value(certificate_of("valid"), DATA + b".", value).invalid


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_signs_with_ec(softhsm: SoftHsm, openssl: OpenSsl, tmp_path: Path, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, curve.name)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT.replace(year=2027))
    certificate = builder.sign(key, hashes.SHA256())
    token = softhsm.token(objects=[StoredKey(key, b"\xec", "鍵"), StoredCertificate(certificate, b"\xec")])
    options = ("--id", "ec", "--mechanism", "ECDSA", "--signature-format", "openssl")
    done, value = sign(token, tmp_path, *options, given=hashlib.sha256(DATA).digest())
    assert done.returncode == 0, done.stderr
    assert openssl.verify_value(certificate, DATA, value).ok


def test_the_next_card_on_a_token(softhsm: SoftHsm, openssl: OpenSsl, tmp_path: Path) -> None:
    token = softhsm.token(objects=of_persona("p384", AT))
    options = ("--mechanism", "ECDSA", "--signature-format", "openssl")
    _, value = sign(token, tmp_path, *options, given=hashlib.sha384(DATA).digest())
    assert openssl.verify_value(certificate_of("p384"), DATA, value, "sha384").ok


@pytest.mark.parametrize(("always", "logins"), [(False, [1]), (True, [1, 2])])
def test_the_pin_for_each_signature(
    softhsm: SoftHsm, front: MakeFront, tmp_path: Path, always: bool, logins: list[int]
) -> None:
    token, seen = softhsm.token(objects=of_persona("valid", AT, always_authenticate=always)), front(MODULE)
    done, value = sign(token, tmp_path, module=seen.path)
    assert (done.returncode, len(value)) == (0, 256)
    assert seen.logins == logins


def test_nobodys_store_is_touched(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOFTHSM2_CONF")
    with pytest.raises(AssertionError, match="SOFTHSM2_CONF"):
        softhsm.token()


# The front as the official module


@pytest.fixture
def official(front: MakeFront) -> Front:
    return front(MODULE, official=True)


def test_one_slot(softhsm: SoftHsm, official: Front) -> None:
    first, second = (softhsm.token(label, objects=of_persona("valid", AT)) for label in ("one", "two"))
    assert official.path.name == OFFICIAL
    listed = first.tool("--list-slots", module=official.path).stdout.decode()
    assert re.findall(r"token label +: (.*)", listed) == ["JPKI"]
    shown = re.findall(r"serial num +: (\w+)", listed)
    assert len(re.findall(r"(?m)^Slot", listed)) == 1
    for token in (first, second):
        done = token.tool("--list-objects", *LOGIN, module=official.path)
        if [token.serial] == shown:
            assert len(objects(done)) == 3
        else:
            assert b"CKR_SLOT_ID_INVALID" in done.stderr


def test_no_token_and_one_slot(softhsm: SoftHsm, official: Front) -> None:
    listed = run(["pkcs11-tool", "--module", str(official.path), "--list-slots"]).stdout
    assert len(re.findall(rb"(?m)^Slot", listed)) == 1  # an empty reader
    assert b"token label" not in listed


def test_three_mechanisms(token: SoftToken, official: Front, tmp_path: Path) -> None:
    listed = token.tool("--list-mechanisms", module=official.path).stdout.decode()
    assert re.findall(r"(?m)^  ([\w-]+)", listed) == ["RSA-PKCS", "SHA-1", "SHA256"]
    assert "SHA256-RSA-PKCS" in token.tool("--list-mechanisms").stdout.decode()
    done, value = sign(token, tmp_path, "--mechanism", "SHA256-RSA-PKCS", module=official.path, given=DATA)
    assert b"CKR_MECHANISM_INVALID" in done.stderr
    assert not value


def test_the_digest_info_is_signed(token: SoftToken, official: Front, openssl: OpenSsl, tmp_path: Path) -> None:
    done, value = sign(token, tmp_path, module=official.path)
    assert done.returncode == 0, done.stderr
    assert openssl.verify_value(certificate_of("valid"), DATA, value).ok


def test_labels(softhsm: SoftHsm, official: Front) -> None:
    token = softhsm.token(objects=of_persona("valid", AT, private=False))
    others, public = StoredCertificate(certificate_of("second"), b"\x07", "second"), ("--list-objects",)
    ca = ("Certificate", "Digital Signature Certificate CA", "04")
    assert objects(token.tool(*public, module=official.path)) == [ca, ("Certificate", "USERCERT", "02")]
    token.put(others)
    holders = [("Certificate", "USERCERT", "02"), ("Certificate", "USERCERT", "07")]
    # Before the login no private key is seen: neither is a CA's.
    assert objects(token.tool(*public, module=official.path)) == [ca, *holders]
    assert objects(token.tool(*public, *LOGIN, module=official.path)) == [
        ca,
        holders[0],
        ("Certificate", "second", "07"),
        ("Private", "", "02"),
    ]


def test_objects_are_found_by_these_labels(token: SoftToken, official: Front) -> None:
    def read(label: str) -> bytes:
        words = ("--read-object", "--type", "cert", "--label", label, *LOGIN)
        return token.tool(*words, module=official.path).stdout

    assert read("USERCERT") == certificate_of("valid").public_bytes(Encoding.DER)
    assert read("Digital Signature Certificate") == b""
    assert read("Digital Signature Certificate CA") == pki.ca_certificate("sign-ca-03").public_bytes(Encoding.DER)


def test_in_front_of_opensc(
    pcsc: PcscStack, opensc: OpenSc, front: MakeFront, openssl: OpenSsl, tmp_path: Path
) -> None:
    create_card(tmp_path / "card", "valid", AT)
    module = front(OPENSC, official=True)
    call = ["pkcs11-tool", "--module", str(module.path)]
    login, source, target = ["--login", "--pin", SIGNATURE_PASSWORD], tmp_path / "given", tmp_path / "value"
    source.write_bytes(DIGEST_INFO)
    order = ["--sign", "--mechanism", "RSA-PKCS", "--id", "02", "--input-file", source, "--output-file", target]
    with pcsc.insert(tmp_path / "card", slot=2):
        slots = run([*call, "--list-slots"]).stdout.decode()
        listed = run([*call, *login, "--list-objects"])
        signed = run([*call, *login, *map(str, order)])
    assert re.findall(r"token label +: (.*)", slots) == ["JPKI"]
    assert re.findall(r"pin min/max +: (.*)", slots) == ["6/16"]
    assert {("Certificate", "USERCERT", "02"), ("Private", "", "02")} <= set(objects(listed))
    assert signed.returncode == 0, signed.stderr
    assert openssl.verify_value(certificate_of("valid"), DATA, target.read_bytes()).ok


# The front with faults


def test_without_faults_nothing_changes(token: SoftToken, front: MakeFront) -> None:
    module = front(MODULE).path
    for question in ("--list-slots", "--list-mechanisms", "--list-objects"):
        assert token.tool(question, *LOGIN, module=module).stdout == token.tool(question, *LOGIN).stdout


def test_the_log(token: SoftToken, front: MakeFront, tmp_path: Path) -> None:
    seen = front(MODULE)
    for _ in range(2):
        sign(token, tmp_path, module=seen.path)
    assert seen.logins == [1, 1]
    assert [call.facts for call in seen.calls("C_SignInit", "C_Sign")] == 2 * [{"mechanism": "0x1"}, {"bytes": "51"}]
    assert len({call.pid for call in seen.calls("C_Initialize", "C_Finalize")}) == 2
    assert {"C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_FindObjects"} < {
        one.function for one in seen.calls()
    }
    assert PIN not in Path(seen.environment["FRONT_LOG"]).read_text()


@pytest.mark.parametrize(
    ("kind", "length"), [("short", 255), ("long", 257), ("empty", 0), ("corrupt", 256), ("other", 256)]
)
def test_bad_values(
    token: SoftToken, front: MakeFront, openssl: OpenSsl, tmp_path: Path, kind: str, length: int
) -> None:
    certificate = certificate_of("valid")
    done, value = sign(token, tmp_path, module=front(MODULE, faults=[f"{kind}@C_Sign:1"]).path)
    assert (done.returncode, len(value)) == (0, length)
    # What is longer than the modulus `openssl dgst` does not read.
    assert openssl.verify_value(certificate, DATA, value).ok == (kind == "long")
    done, value = sign(token, tmp_path, module=front(MODULE, faults=[f"{kind}@C_Sign:2"]).path)
    assert openssl.verify_value(certificate, DATA, value).ok  # the second in this process never comes


@pytest.mark.parametrize(
    ("faults", "length"), [([], 256), (["short@C_Sign:1"], 255), (["long@C_Sign:1"], 257), (["empty@C_Sign"], 0)]
)
def test_python_pkcs11_is_given_them_too(softhsm: SoftHsm, front: MakeFront, faults: list[str], length: int) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    module = front(MODULE, official=True, faults=faults)  # the one slot
    done = run([sys.executable, "-c", CLIENT, str(module.path), PIN, DIGEST_INFO.hex()])
    assert (done.stdout, done.stderr) == (f"{length}\n".encode(), b"")
    assert len(module.calls("C_Sign")) == 1


def test_the_other_value_is_a_signature(token: SoftToken, front: MakeFront, openssl: OpenSsl, tmp_path: Path) -> None:
    options = ("--mechanism", "SHA256-RSA-PKCS")
    _, value = sign(token, tmp_path, *options, module=front(MODULE, faults=["other@C_Sign"]).path, given=DATA)
    assert openssl.verify_value(certificate_of("valid"), DATA[:-1] + b"y", value).ok


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("rv=0xa0@C_Login:1", b"CKR_PIN_INCORRECT"),
        ("rv=0xa4@C_Login", b"CKR_PIN_LOCKED"),
        ("rv=0x30@C_OpenSession:1", b"CKR_DEVICE_ERROR"),
        ("rv=0x5@C_Sign,rv=0x6@C_SignUpdate", b"CKR_FUNCTION_FAILED"),  # pkcs11-tool tries twice
        ("vanish@C_Login:1", b"CKR_DEVICE_REMOVED"),
        ("vanish@C_Sign:1", b"CKR_DEVICE_REMOVED"),
        ("vanish@C_OpenSession", b"CKR_TOKEN_NOT_PRESENT"),
    ],
)
def test_errors(token: SoftToken, front: MakeFront, tmp_path: Path, fault: str, said: bytes) -> None:
    done, value = sign(token, tmp_path, module=front(MODULE, faults=fault.split(",")).path)
    assert said in done.stderr
    assert done.returncode != 0
    assert not value


@pytest.mark.parametrize("function", ["C_Initialize", "C_Login", "C_Sign"])
def test_crashes(token: SoftToken, front: MakeFront, tmp_path: Path, function: str) -> None:
    module = front(MODULE, faults=[f"crash@{function}:1"])
    assert sign(token, tmp_path, module=module.path)[0].returncode == -signal.SIGSEGV
    assert module.calls()[-1].function == function


@pytest.mark.parametrize("function", ["C_GetSlotList", "C_Sign", "C_CloseSession", "C_Finalize"])
def test_hangs(token: SoftToken, front: MakeFront, tmp_path: Path, function: str) -> None:
    module = front(MODULE, faults=[f"hang@{function}:1"])
    call = ["pkcs11-tool", "--module", module.path, "--slot", str(token.slot), *LOGIN, "--sign", "--id", "02"]
    (tmp_path / "given").write_bytes(DIGEST_INFO)
    words = ["--mechanism", "RSA-PKCS", "--input-file", tmp_path / "given", "--output-file", tmp_path / "value"]
    with subprocess.Popen([*call, *words], stderr=subprocess.DEVNULL) as process:
        limit = time.monotonic() + TIMEOUT
        while not module.calls(function) and time.monotonic() < limit:
            time.sleep(0.01)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()
    assert module.calls()[-1].function == function


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (TokenFlag.USER_PIN_COUNT_LOW, "user PIN count low"),
        (TokenFlag.USER_PIN_FINAL_TRY, "final user PIN try"),
        (TokenFlag.USER_PIN_LOCKED, "user PIN locked"),
        (TokenFlag.USER_PIN_TO_BE_CHANGED, "user PIN to be changed"),
        (TokenFlag.PROTECTED_AUTHENTICATION_PATH, "PIN pad present"),
    ],
)
def test_token_flags(token: SoftToken, front: MakeFront, flag: TokenFlag, said: str) -> None:
    module = front(MODULE, token_flags=flag)
    assert said in token.tool("--list-slots", module=module.path).stdout.decode()
    assert said not in token.tool("--list-slots").stdout.decode()


def test_no_token(token: SoftToken, front: MakeFront) -> None:
    module = front(MODULE, no_token=True)
    listed = token.tool("--list-slots", module=module.path).stdout
    assert b"(empty)" in listed
    assert b"token label" not in listed
    assert token.tool("--list-objects", module=module.path).returncode != 0
    assert b"Slot" not in token.tool("--list-token-slots", module=module.path).stdout


@pytest.mark.parametrize(
    ("typed", "said", "status"), [(PIN, b"", 0), ("wrong", b"CKR_PIN_INCORRECT", 1), ("", b"CKR_FUNCTION_CANCELED", 1)]
)
def test_a_pin_pad(token: SoftToken, front: MakeFront, typed: str, said: bytes, status: int) -> None:
    module = front(MODULE, pin_pad=typed)
    done = token.tool("--list-objects", "--login", module=module.path)
    assert (done.returncode, said in done.stderr) == (status, True)
    assert [call.facts for call in module.calls("C_Login")] == [{"user": "1", "pin": "none"}]


def test_hidden_attributes(token: SoftToken, front: MakeFront) -> None:
    module = front(MODULE, hidden_attributes=[0x102, 0x3])  # CKA_ID, CKA_LABEL
    listed = token.tool("--list-objects", *LOGIN, module=module.path).stdout
    assert b"subject:" in listed
    assert b"label:" not in listed
    assert b"ID:" not in listed


@pytest.mark.parametrize("fault", ["hang", "melt@C_Sign", "hang@C_Sing", "hang@C_Sign:0", "rv@C_Sign", "short@C_Login"])
def test_a_fault_that_is_none(token: SoftToken, front: MakeFront, fault: str) -> None:
    done = token.tool("--list-slots", module=front(MODULE, faults=[fault]).path)
    assert b"FRONT_FAULTS: cannot understand" in done.stderr
    assert done.returncode != 0


def test_no_module_behind(token: SoftToken, front: MakeFront) -> None:
    done = token.tool("--list-slots", module=front("/no/module.so").path)
    assert b"FRONT_MODULE: /no/module.so" in done.stderr
    assert done.returncode != 0


def test_it_is_built_once(front: MakeFront, shared_folder: Path) -> None:
    files = [front(MODULE, official=official).path for official in (False, True)]
    before = [file.stat() for file in files]
    FrontBuilder(shared_folder / "pkcs11-front")
    assert [file.stat() for file in files] == before
    assert before[0].st_ino != before[1].st_ino


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JudgeMissingError, match="apt-get install gcc"):
        FrontBuilder(tmp_path)
    with pytest.raises(JudgeMissingError, match="apt-get install softhsm2"):
        SoftHsm(tmp_path)
