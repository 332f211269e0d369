"""`jitsuin card`: what it tells of every kind of card, what it asks, what it never sends, and what it leaves out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from jitsuin import pipeline, sentences
from jitsuin.card_report import card_json, card_text
from jitsuin.card_status import CardStatus, TokenKind, card_status
from jitsuin.signer.base import PinCallback, SignerOptions, TokenFacts
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator import PERSONAS, SIGNATURE_PASSWORD, SimulatedCard, SimulatedReader, create_card
from jitsuin.trust import load_trust

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))
TRUST = ("--trust", "simulator")
SIGNATURE_PIN, AUTHENTICATION_PIN = "001B", "0018"


def right(_request: object) -> str:
    return SIGNATURE_PASSWORD


@pytest.fixture
def look(card: Callable[..., str], at: datetime) -> Callable[..., CardStatus]:
    """The status of a persona's card; unlocked, if a PIN callback is given."""

    def make(
        persona: str = "valid",
        pin: PinCallback | None = None,
        trust: tuple[str, ...] = ("simulator",),
        issued: datetime = at,
        at: datetime = at,
    ) -> CardStatus:
        with pipeline.open_signer(card(persona, issued), pin=pin, trust=trust, at=at) as signer:
            facts, store = signer.describe(), load_trust(trust)
            if pin is None:
                return card_status(facts, store, at)
            return card_status(facts, store, at, signer.certificate, signer.issuers)

    return make


@pytest.fixture
def spent(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """`--key` of a card with so many tries left."""

    def make(left: int, pin: str = SIGNATURE_PIN, persona: str = "valid") -> tuple[str, str]:
        folder = tmp_path / "spent"
        create_card(folder, persona, datetime.now(UTC))
        state = json.loads((folder / "card.json").read_bytes())
        state["pins"][pin]["tries_left"] = left
        (folder / "card.json").write_text(json.dumps(state))
        return "--key", f"simulator:{folder}"

    return make


def tries(uri: tuple[str, str]) -> int:
    folder = Path(uri[1].removeprefix("simulator:").partition("?")[0])
    return int(json.loads((folder / "card.json").read_bytes())["pins"][SIGNATURE_PIN]["tries_left"])


def codes(status: CardStatus) -> list[str]:
    return [advice.code for advice in status.advice]


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    call = [COMMAND, *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload]


# What to do next

LOOKS = {
    "valid": ["unlock-to-see", "ready"],
    "old-generation": ["unlock-to-see", "ready"],
    "expired": ["authentication-expired", "unlock-to-see", "ready"],
    "renewal-window": ["authentication-renewable", "unlock-to-see", "ready"],
    "look-alike": ["issuer-unknown"],
    "no-signature": ["no-signature-certificate"],
    "phone": ["unlock-to-see", "ready"],
    "p384": ["unlock-to-see", "ready"],
}
UNLOCKED = {
    "valid": ["ready"],
    "expired": ["signature-expired"],
    "not-yet-valid": ["signature-not-yet-valid"],
    "renewal-window": ["signature-renewable", "ready"],
    "young": ["signature-young", "ready"],
    "substitution": ["characters-substituted", "ready"],
    "look-alike": ["issuer-unknown"],
    "authentication-only": ["certificate-refused"],
    "phone": ["ready"],
    "p384": ["ready"],
    "revoked-affiliation-changed": ["ready"],
}


@pytest.mark.parametrize("persona", LOOKS)
def test_advice_without_pin(persona: str, look: Callable[..., CardStatus]) -> None:
    assert codes(look(persona)) == LOOKS[persona]


@pytest.mark.parametrize("persona", UNLOCKED)
def test_advice_once_unlocked(persona: str, look: Callable[..., CardStatus]) -> None:
    assert codes(look(persona, right)) == UNLOCKED[persona]


@pytest.mark.parametrize(
    ("left", "pin", "advice"),
    [
        (0, SIGNATURE_PIN, ["password-blocked"]),
        (1, SIGNATURE_PIN, ["last-try", "unlock-to-see"]),
        (2, SIGNATURE_PIN, ["unlock-to-see", "ready"]),
        (0, AUTHENTICATION_PIN, ["authentication-pin-blocked", "unlock-to-see", "ready"]),
        (1, AUTHENTICATION_PIN, ["unlock-to-see", "ready"]),
    ],
)
def test_advice_by_counter(left: int, pin: str, advice: list[str], jitsuin, spent) -> None:
    shown = jitsuin("card", *spent(left, pin), *TRUST, "--json").json
    assert [row["code"] for row in shown["advice"]] == advice


def test_without_trust_the_simulated_ca_is_unknown(look: Callable[..., CardStatus]) -> None:
    assert codes(look(trust=())) == ["issuer-unknown"]
    assert look(trust=()).signature_anchor is None
    assert "2023" in (look().signature_anchor or "")


def facts(**changed: object) -> TokenFacts:
    """A card without any certificate to look at."""
    values: dict[str, object] = {
        "token": "Reader JPKIAPICCTOKEN2",
        "reader": "Reader",
        "kind": "JPKIAPICCTOKEN2",
        "atr": None,
        "signature_certificate_present": True,
        "authentication_certificate_present": True,
        "signature_tries_left": 5,
        "authentication_tries_left": 3,
        "authentication_certificate": None,
        "signature_issuer": None,
        "authentication_issuer": None,
    }
    return TokenFacts(**(values | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "kind", "advice"),
    [
        ({"kind": "JPKIAPICCTOKEN"}, TokenKind.JUKI_CARD, ["juki-card"]),
        ({"kind": "JPKIAPGPSETOKEN"}, TokenKind.ANDROID_PHONE, ["unlock-to-see", "ready"]),
        ({"kind": "JPKIAPIOSTOKEN"}, TokenKind.IPHONE, ["iphone"]),
        ({"kind": "SOMETHINGELSE"}, TokenKind.UNKNOWN, ["unlock-to-see", "ready"]),
        ({"kind": ""}, TokenKind.UNKNOWN, ["unlock-to-see", "ready"]),
        ({"signature_tries_left": None}, TokenKind.PLASTIC_CARD, ["tries-not-told"]),
    ],
)
def test_kinds_of_token(changed: dict[str, object], kind: TokenKind, advice: list[str], at: datetime) -> None:
    status = card_status(facts(**changed), load_trust(()), at)
    assert (status.kind, codes(status)) == (kind, advice)
    assert sentences.TOKEN_KINDS[kind.value][0] in card_text(status)


def test_an_expired_ca_says_that_the_certificate_has_ended(look: Callable[..., CardStatus], at: datetime) -> None:
    late = look("old-generation", at=datetime(2029, 10, 1, tzinfo=UTC))
    assert codes(late)[0] == "issuer-expired"


def test_every_advice_is_given_by_some_card() -> None:
    tested = {code for rows in (*LOOKS.values(), *UNLOCKED.values()) for code in rows}
    tested |= {"password-blocked", "last-try", "tries-not-told", "iphone", "juki-card"}
    tested |= {"issuer-expired", "authentication-pin-blocked"}
    assert tested == set(sentences.ADVICE)


# What is told


def test_validity_in_words(look: Callable[..., CardStatus]) -> None:
    assert "1 month 29 days left (until 2026-05-01), renewal window open since 2026-02-02" in card_text(
        look("renewal-window", right)
    )
    assert "expired 1 month 2 days ago (valid until 2026-01-31)" in card_text(look("expired", right))
    assert "not valid before 2026-03-04 12:04 JST" in card_text(look("not-yet-valid", right))
    assert "2 years 11 months left (until 2029-03-01), renewal from 2028-12-02 on" in card_text(look("valid", right))


def test_the_fifth_birthday_is_told_where_it_fits(look: Callable[..., CardStatus]) -> None:
    # `young` was born on 1 January 2000, and its certificate lasts 1825 days.
    issued = datetime(2026, 1, 2, 3, tzinfo=UTC)
    fits = look("young", right, issued=issued, at=issued)
    assert "fifth birthday after the issue, as usual" in card_text(fits)
    assert card_json(fits)["signature_lifetime"]["ending"] == "on-fifth-birthday"  # type: ignore[index]
    assert "before the holder's fifth birthday" in card_text(look("valid", right))
    assert "fifth birthday" not in card_text(fits, redact=True)


def test_substituted_characters_are_counted_by_field(look: Callable[..., CardStatus]) -> None:
    text = card_text(look("substitution", right))
    assert text.count("(1 character replaced)") == 2
    assert "name: 1, address: 1" in text
    assert "replaced" not in card_text(look("valid", right))


def test_revocation_is_never_said_to_be_checked(look: Callable[..., CardStatus]) -> None:
    """Not even that of a card which is revoked: the CRL is not looked at here."""
    for persona in ("valid", "revoked-affiliation-changed"):
        status = look(persona, right)
        assert "not checked here. A move or a change of name" in card_text(status)
        judged = card_json(status)["signature_judgement"]
        assert judged["revocation"]["status"] == "not-checked"  # type: ignore[index]


@pytest.mark.parametrize(("persona", "key"), [("valid", ("RSA", 2048)), ("p384", ("ECDSA secp384r1", 384))])
def test_the_key(persona: str, key: tuple[str, int], look: Callable[..., CardStatus]) -> None:
    status = look(persona, right)
    judged = card_json(status)["signature_judgement"]
    assert (judged["key_algorithm"], judged["key_bits"]) == key  # type: ignore[index]
    assert f"{key[0]}, {key[1]} bits" in card_text(status)


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@pytest.mark.parametrize("persona", ["valid", "substitution", "expired", "authentication-only", "p384"])
def test_json_tells_what_the_text_tells(persona: str, look: Callable[..., CardStatus]) -> None:
    status = look(persona, right)
    text, shown = card_text(status), card_json(status)
    certificate, lifetime = shown["signature_certificate"], shown["signature_lifetime"]
    judged, authentication = shown["signature_judgement"], shown["authentication_certificate"]
    told = [shown["reader"], shown["kind"], lifetime["message"], lifetime["last_day"]]  # type: ignore[index]
    told += [certificate["serial"], certificate["issuer"], certificate["subject"], authentication["serial"]]  # type: ignore[index]
    told += [shown["authentication_lifetime"]["message"]]  # type: ignore[index]
    told += [judged["anchor"] or "nothing", judged["key_algorithm"]]  # type: ignore[index]
    told += [row["message"] for row in shown["advice"]]  # type: ignore[attr-defined]
    if persona != "authentication-only":
        holder = certificate["holder"]  # type: ignore[index]
        told += [holder["name"], holder["address"], holder["birth_date"], holder["sex"]]
    assert [fact for fact in told if str(fact) not in text] == []
    assert str(shown["atr"]) in text.replace(" ", "").lower()
    assert json.loads(json.dumps(shown)) == shown


# Nothing personal


@pytest.mark.parametrize("persona", ["valid", "substitution", "expired", "renewal-window", "phone"])
def test_redacted_output_has_nothing_personal(persona: str, look: Callable[..., CardStatus]) -> None:
    person = PERSONAS[persona]
    born = f"{person.birth_date[1:5]}-{person.birth_date[5:7]}-{person.birth_date[7:]}"
    for pin in (None, right):
        status = look(persona, pin)
        known = [status.facts.authentication_certificate, status.signature and status.signature.certificate]
        secrets = [person.person, person.address, born, person.birth_date[1:]]
        for certificate in filter(None, known):
            secrets += [f"{certificate.serial_number:x}", certificate.subject.rfc4514_string()]
            secrets += [certificate.subject.rfc4514_string().partition(",")[0].removeprefix("CN=")]
        full = card_text(status) + json.dumps(card_json(status), ensure_ascii=False)
        redacted = card_text(status, redact=True) + json.dumps(card_json(status, redact=True), ensure_ascii=False)
        assert [secret for secret in secrets if secret in redacted] == []
        assert [secret for secret in secrets if secret in full] != [] or persona == "phone"
        assert not re.search(r"\b(fe)?male\b", redacted)
        assert "on-fifth-birthday" not in redacted
        assert "before-fifth-birthday" not in redacted


# What is sent


class Recorded(SimulatedReader):
    """A reader that notes every command."""

    def __init__(self, card: SimulatedCard) -> None:
        super().__init__(card)
        self.sent: list[bytes] = []

    def transmit(self, command: bytes | bytearray) -> bytes:
        self.sent.append(bytes(command))
        return super().transmit(command)

    @property
    def tries(self) -> int:
        """VERIFY commands that carry something: those that can cost a try."""
        return sum(command[1] == 0x20 and len(command) > 4 for command in self.sent)


@pytest.mark.parametrize("persona", sorted(PERSONAS))
def test_a_look_presents_no_pin(persona: str, tmp_path: Path, at: datetime) -> None:
    reader = Recorded(create_card(tmp_path / persona, persona, at))
    with JpkiSigner(reader, SignerOptions(None, at)) as signer:
        card_status(signer.describe(), load_trust(["simulator"]), at)
    assert reader.tries == 0
    assert len(reader.sent) > 5


def test_unlocking_presents_the_pin_once(tmp_path: Path, at: datetime) -> None:
    reader = Recorded(create_card(tmp_path / "card", "valid", at))
    with JpkiSigner(reader, SignerOptions(right, at)) as signer:
        found = signer.describe()
        assert reader.tries == 0
        card_status(found, load_trust(["simulator"]), at, signer.certificate, signer.issuers)
    assert reader.tries == 1


def test_a_look_changes_nothing_on_the_card(jitsuin, spent) -> None:
    for left in range(6):
        key = spent(left)
        assert jitsuin("card", *key, *TRUST).code == 0
        assert tries(key) == left


# The command


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[str, ...]]:
    def make(text: str = SIGNATURE_PASSWORD) -> tuple[str, ...]:
        monkeypatch.setenv("SECRET", text)
        return "--unlock", "--pin-source", "env:SECRET"

    return make


def test_unlock_shows_the_holder(jitsuin, spent, password) -> None:
    shown = jitsuin("card", *spent(5), *TRUST, *password())
    assert (shown.code, shown.err) == (0, "")
    for words in ("見本　花子", "架空県見本市実印町一丁目2番3号", "1980-03-03", "female", "Ready to sign"):
        assert words in shown.out


def test_a_wrong_password_costs_one_try_and_says_how_many_are_left(jitsuin, spent, password) -> None:
    key = spent(5)
    failed = jitsuin("card", *key, *TRUST, *password("WRONGONE"))
    assert (failed.code, failed.out, tries(key)) == (6, "", 4)
    assert "tries left: 4" in failed.err
    assert jitsuin("card", *key, *TRUST, *password("short")).code == 6
    assert tries(key) == 4
    assert jitsuin("card", *key, *TRUST, *password()).code == 0
    assert tries(key) == 5


def test_the_last_try_is_kept(jitsuin, spent, password) -> None:
    key = spent(1)
    refused = jitsuin("card", *key, *TRUST, *password())
    assert (refused.code, refused.out, tries(key)) == (7, "", 1)
    assert "--allow-last-try" in refused.err
    assert jitsuin("card", *key, *TRUST, *password(), "--allow-last-try").code == 0
    assert tries(key) == 5


def test_a_locked_card_is_not_asked(jitsuin, spent, password) -> None:
    refused = jitsuin("card", *spent(0), *TRUST, *password(), "--allow-last-try")
    assert (refused.code, "municipal office" in refused.err) == (7, True)


def test_other_ends(jitsuin, tmp_path: Path, password) -> None:
    absent = f"simulator:{tmp_path / 'child'}?card=no-signature"
    assert jitsuin("card", "--key", absent, *TRUST, *password()).code == 5
    assert jitsuin("card", "--key", absent, *TRUST).code == 0
    assert jitsuin("card", "--key", "nonsense:").code == 2
    assert jitsuin("card", "--key", absent, "--trust", tmp_path / "absent.cer").code == 2
    failed = jitsuin("card", "--key", absent, *TRUST, *password(), "--json")
    assert failed.json["error"]["kind"] == "NoSignatureCertificateError"


def test_unlock_is_said_each_time(jitsuin, spent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("JITSUIN_CONFIG", str(file))
    file.write_text("[card]\nunlock = true\n")
    assert jitsuin("card", *spent(5)).code == 2
    file.write_text('[card]\ntrust = ["simulator"]\n')
    assert "Ready to sign" in jitsuin("card", *spent(5)).out


def test_without_a_terminal_nobody_is_asked(spent) -> None:
    key = spent(5)
    for given in ("", SIGNATURE_PASSWORD + "\n"):
        done = run("card", *key, *TRUST, "--unlock", input=given)
        assert (done.returncode, done.stdout) == (6, "")
        assert "--pin-source" in done.stderr
    assert run("card", *key, *TRUST, "--unlock", "--pin-source", "stdin", input=SIGNATURE_PASSWORD).returncode == 0


def test_the_prompt_says_that_nothing_is_signed(in_terminal, spent) -> None:
    terminal = in_terminal("card", *spent(3), *TRUST, "--unlock")
    terminal.wait_for_password_prompt()
    assert "Nothing is signed" in terminal.screen
    assert "The signed file" not in terminal.screen
    assert "Tries left: 3" in terminal.screen
    terminal.type(SIGNATURE_PASSWORD.lower() + "\n")
    assert terminal.end() == 0
    assert SIGNATURE_PASSWORD.lower() not in terminal.screen
    assert "見本　花子" in terminal.screen


@pytest.mark.parametrize("stop", ["\x03", "\x04"])
def test_giving_up_at_the_prompt_costs_nothing(stop: str, in_terminal, spent) -> None:
    key = spent(4)
    terminal = in_terminal("card", *key, *TRUST, "--unlock")
    terminal.wait_for_password_prompt()
    terminal.type(stop)
    assert terminal.end() in (130, 6)
    assert "Traceback" not in terminal.screen
    assert tries(key) == 4


@pytest.mark.parametrize("language", ["en", "ja"])
def test_lines_fit_a_terminal(language: str, tmp_path: Path) -> None:
    """In both languages no line is wider than the terminal, and the values stand below each other."""
    code = (
        "import sys; from jitsuin.card_report import card_text; from jitsuin.card_status import card_status\n"
        "from jitsuin import clock, pipeline; from jitsuin.trust import load_trust\n"
        "t = ['simulator']; at = clock.now()\n"
        "with pipeline.open_signer(sys.argv[1], pin=lambda _: 'JITSUIN123', trust=t, at=at) as s:\n"
        "    status = card_status(s.describe(), load_trust(t), at, s.certificate, s.issuers)\n"
        "print(card_text(status, width=80))"
    )
    call = [sys.executable, "-c", code, f"simulator:{tmp_path / 'card'}?card=substitution"]
    environment = os.environ | {"JITSUIN_LANG": language, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(call, capture_output=True, encoding="utf-8", env=environment, check=True, timeout=60)
    lines = done.stdout.splitlines()
    assert [line for line in lines if cell_len(line) > 80] == []
    # The width of a label and the blanks behind it, over the rows of all sections.
    rows = [re.match(r"  \S.*? {2,}(?=\S)", line) for line in lines]
    assert len({cell_len(row[0]) for row in rows if row}) == 1
    assert [line for line in lines if line.strip().startswith(("、", "。", ")", "」"))] == []


def test_both_languages_tell_the_same_facts(tmp_path: Path) -> None:
    key = ("--key", f"simulator:{tmp_path / 'card'}")
    outputs = {
        language: run("card", *key, *TRUST, env=os.environ | {"JITSUIN_LANG": language, "PYTHONIOENCODING": "utf-8"})
        for language in ("en", "ja")
    }
    numbers = {language: sorted(re.findall(r"\d{4}-\d\d-\d\d", done.stdout)) for language, done in outputs.items()}
    assert numbers["en"] == numbers["ja"] != []
    assert "残り5回" in outputs["ja"].stdout
    assert "5 tries left" in outputs["en"].stdout


def test_a_reader_name_cannot_drive_the_terminal(at: datetime) -> None:
    status = card_status(facts(reader="Evil\x1b[31m\u202e", kind="X\x9b"), load_trust(()), at)
    assert not set("\x1b\u202e\x9b") & set(card_text(status))


@pytest.mark.parametrize("days", [0, 400, 3000])
def test_text_at_any_time(days: int, look: Callable[..., CardStatus], at: datetime) -> None:
    text = card_text(look("valid", right, at=at + timedelta(days=days)), width=80)
    assert "<" not in text  # a fact that a sentence misses shows as its name
