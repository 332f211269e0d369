"""Write what the documentation takes from the code: exit codes, reasons, JSON fields, profiles, simulated cards.

    python docs/generate.py            write
    python docs/generate.py --check    write nothing; exit 1 and name what is out of date

It documents the jitsuin that is installed beside the Python that runs it. A page that begins with the notice below is
made whole; in the others only what stands between `<!-- generated: NAME -->` and `<!-- end -->` is replaced.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from jitsuin import pipeline, sentences
from jitsuin.card_status import signature_certificate
from jitsuin.errors import EXIT_CODE_MEANINGS, ExitCode, JitsuinError, exit_code
from jitsuin.formats.base import TimestampFinding
from jitsuin.formats.errors import FormatError
from jitsuin.formats.profiles import PROFILES, Confidence
from jitsuin.formats.verdict import PASSED, SubIndication, Verdict
from jitsuin.report import SCHEMA_VERSION, timestamp_json
from jitsuin.results import TimestampReport
from jitsuin.revocation_status import RevocationAnswer, RevocationStatus
from jitsuin.sentences.doctor import SUBJECTS
from jitsuin.signer.errors import SignerError
from jitsuin.signer.pkcs11_token import ModuleFacts, Pkcs11Object, Pkcs11Token
from jitsuin.signer.simulator import PERSONAS, SIGNATURE_PASSWORD, Persona, pki
from jitsuin.signer.simulator.pki import CAS, private_key
from jitsuin.token_report import module_json
from jitsuin.trust import load_trust

ROOT = Path(__file__).resolve().parent.parent
_NOTICE = "<!-- Made by docs/generate.py: change the code or the generator, not this page. -->"
_AT = datetime(2026, 6, 1, 3, tzinfo=UTC)


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


# Exit codes

_EXIT_CODES_JA = {
    ExitCode.DONE: "正常終了、またはVALID",
    ExitCode.INVALID: "INVALID(署名が正しくない)",
    ExitCode.USAGE: "使い方の誤り(オプション、名前、設定ファイル)",
    ExitCode.INDETERMINATE: "INDETERMINATE(確認できなかった)",
    ExitCode.BAD_INPUT: "入力が壊れている、または対応していない",
    ExitCode.TOKEN: "カード、カードリーダー、鍵ファイルの問題",
    ExitCode.PIN_WRONG: "パスワードが違う、規則に合わない、または入力されなかった",
    ExitCode.PIN_BLOCKED: "パスワードがロック済み、または最後の1回を使わずに中止",
    ExitCode.OUTPUT: "出力を書き込めない",
    ExitCode.SOME_FAILED: "複数のファイルの一部が失敗",
    ExitCode.CERTIFICATE_REFUSED: "署名用の証明書を使用できない(期限切れ、失効、種類違い、発行者不明)",
    ExitCode.NETWORK: "通信またはタイムスタンプ局の問題",
    ExitCode.INTERNAL: "内部エラー",
}


def exit_codes() -> str:
    by_code: dict[ExitCode, list[str]] = {code: [] for code in ExitCode}
    for kind in error_classes():
        if _sentences_of(kind):
            by_code[exit_code(kind())].append(f"`{kind.__name__}`")
    rows = [
        [str(int(code)), meaning, _EXIT_CODES_JA[code], ", ".join(by_code[code])]
        for code, meaning in EXIT_CODE_MEANINGS.items()
    ]
    return f"""{_NOTICE}

# Exit codes / 終了コード

{table(["Code", "Meaning", "意味", "Errors"], rows)}
Several documents: 0 when all went well. `verify` ends with 1 when any of them is INVALID, and with 3 when all that is
wrong is INDETERMINATE; every other mixture, and `sign` with some files failed, ends with 9. Ctrl-C ends with 130. A run
that stops before its first document (a wrong password, a refused certificate) has the code of that error.

11 is for what has to come from the network: a timestamp. Evidence of revocation that cannot be fetched is no error but
"not checked", and `--revocation` says what to make of that.
"""


def error_classes() -> Iterator[type[Exception]]:
    """Every error class of the three rooms, roots left out."""

    def below(kind: type[Exception]) -> Iterator[type[Exception]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    for root in (JitsuinError, SignerError, FormatError):
        yield from below(root)


def _sentences_of(kind: type[Exception]) -> dict[str, tuple[str, str]]:
    name = kind.__name__
    return {key: text for key, text in sentences.ERRORS.items() if key == name or key.startswith(name + ".")}


# Reasons

_COMPUTED = {
    "transform-refused": SubIndication.FORMAT_FAILURE,
    "algorithm-refused": SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    "revoked": SubIndication.REVOKED_NO_POE,
    "on-hold": SubIndication.REVOKED_NO_POE,
    "ca-revoked": SubIndication.REVOKED_NO_POE,
    "duplicate-id": SubIndication.FORMAT_FAILURE,
    "no-procedure": SubIndication.SIG_CONSTRAINTS_FAILURE,
    "beside-procedure": SubIndication.SIG_CONSTRAINTS_FAILURE,
    "no-id": SubIndication.SIG_CONSTRAINTS_FAILURE,
}
"""Sub-indications that the code pairs with their reason elsewhere than in one call."""

_SIGNING_ONLY = {
    "scheme-not-for-profile",
    "disputed-character",
    "id-not-a-name",
    "encoding-not-reversible",
    "key",
    "no-attachments",
    "no-such-id",
}
"""Reasons not to sign; no verdict on a signature."""


def sub_indications() -> dict[str, SubIndication]:
    """The sub-indication of each reason, as the calls in the source pair them."""
    found: dict[str, set[str]] = {}
    for module in ("jitsuin", "jitsuin.formats"):
        spec = importlib.util.find_spec(module)
        folders = spec.submodule_search_locations if spec else None
        for path in sorted(path for folder in folders or () for path in Path(folder).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call):
                    for reason, name in _paired(call):
                        found.setdefault(reason, set()).add(name)
    told = {reason: SubIndication[name] for reason, names in found.items() if len(names) == 1 for name in names}
    return told | _COMPUTED


def _paired(call: ast.Call) -> Iterator[tuple[str, str]]:
    arguments = call.args
    for first, second in pairwise(arguments):
        if isinstance(first, ast.Attribute) and ast.unparse(first.value) == "SubIndication":
            yield from ((reason, first.attr) for reason in _constants(second))
    function = ast.unparse(call.func)
    if function == "_malformed":  # of a signature: xmldsig_reading.py
        yield from ((reason, "FORMAT_FAILURE") for reason in _constants(arguments[0]))
    if function in ("MalformedDocumentError", "UnsupportedDocumentError"):  # base.unreadable
        given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
        yield from ((reason, "FORMAT_FAILURE") for value in given for reason in _constants(value))


def _constants(value: ast.expr) -> list[str]:
    """A string, or all reasons that an f-string can become."""
    if isinstance(value, ast.Constant):
        return [str(value.value)]
    if isinstance(value, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*" for part in value.values]
        return [reason for reason in sentences.VERDICTS if re.fullmatch("".join(parts), reason)]
    return []


def reason_codes() -> str:
    known = sub_indications()
    verdicts: list[list[str]] = []
    for reason, (en, ja) in sentences.VERDICTS.items():
        if reason == "passed":
            result = "VALID"
        elif reason in _SIGNING_ONLY:
            result = "refuses to sign"
        elif reason in known:
            result = f"{known[reason].indication.word}, {known[reason].value}"
        else:
            raise SystemExit(f"docs/generate.py: nothing says what sub-indication the reason {reason} has")
        verdicts.append([f"`{reason}`", result, en, ja])
    errors = [
        [f"`{key}`", str(int(exit_code(kind()))), en, ja]
        for kind in error_classes()
        for key, (en, ja) in _sentences_of(kind).items()
    ]
    notices = [[f"`{code}`", en, ja] for code, (en, ja) in sentences.NOTICES.items()]
    changes = [[f"`{code}`", en, ja] for code, (en, ja) in sentences.CHANGES.items()]
    advice = [[f"`{code}`", en, ja] for code, (en, ja) in sentences.ADVICE.items()]
    return f"""{_NOTICE}

# Reasons, notices and errors / 理由コード一覧

Codes are stable (see CHANGELOG.md); the sentences are not. `{{…}}` is a fact, found under its name in the JSON.

## Verdicts: `reason`

The indications and sub-indications are those of ETSI EN 319 102-1, with one difference that
[ADR 0004](adr/0004-ternary-verdicts.md) explains. A reason that stops signing (the certificate's, the document's)
appears in the error of `sign`.

{table(["Reason", "Verdict", "English", "日本語"], verdicts)}
## Changes after a signature: `code`

Whether the signature bears a change is said beside it (`permitted`).

{table(["Change", "English", "日本語"], changes)}
## Notices: `code`

They decide nothing.

{table(["Notice", "English", "日本語"], notices)}
## Advice of `jitsuin card`: `code`

{table(["Advice", "English", "日本語"], advice)}
## Errors: `kind`, with `facts.reason` after the dot

{table(["Error", "Exit code", "English", "日本語"], errors)}"""


# JSON

_OBJECTS: Mapping[str, str | None] = {
    "signatures": "signature",
    "certificate": "certificate",
    "authentication_certificate": "certificate",
    "signature_issuer": "certificate",
    "authentication_issuer": "certificate",
    "holder": "holder",
    "revocation": "revocation",
    "notices": "notice",
    "changes": "change",
    "timestamps": "timestamp",
    "timestamp": "timestamp",
    "document_timestamp": "timestamp",
    "profile": "profile",
    "batch file.profile": None,
    "batch summary.profiles": None,
    "stopped": "error",
    "profiles": "profile",
    "error": "error",
    "anchors": "anchor",
    "checks": "check",
    "check.advice": None,
    "signature_certificate": "certificate",
    "signature_lifetime": "lifetime",
    "authentication_lifetime": "lifetime",
    "signature_judgement": "judgement",
    "advice": "advice",
    "tokens": "PKCS#11 token",
    "PKCS#11 token.objects": "PKCS#11 object",
}
"""What the values of these fields are, wherever they stand, or in one kind of object."""

_VERDICT_FIELDS = {
    "verdict": "`VALID`, `INVALID` or `INDETERMINATE`",
    "indication": "the same in ETSI's words: `TOTAL_PASSED`, `TOTAL_FAILED`, `INDETERMINATE`",
    "sub_indication": "ETSI's sub-indication; null where all passed",
    "reason": "[reason code](reason-codes.md)",
    "message": "its sentence, in the language of the run",
    "facts": "what the sentence is filled with",
}

_FIELDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "verify": (
        "`jitsuin verify --json`",
        {
            "schema_version": "of this page",
            "command": "`verify`",
            "files": "one for each PATH, in their order",
        },
    ),
    "verified file": (
        "Each of `files` of `verify`\n\nA verdict, or `path` and `error` alone where the file could not be read or is "
        "of no known format.",
        {
            "path": "as given",
            "format": "the adapter that read it",
            "sha256": "of the file, hexadecimal",
            "at": "the time for which certificates were judged (UTC)",
            **_VERDICT_FIELDS,
            "verdict": "the worst of its signatures': `VALID`, `INVALID` or `INDETERMINATE`",
            "signatures": "in document order; also one entry for a signature that is missing",
            "error": "instead of all the others",
        },
    ),
    "signature": (
        "A signature",
        {
            "place": "path of the Signature element, by local names; in a PDF the name of the signature field",
            "id": "its Id, or the name of the field",
            **_VERDICT_FIELDS,
            "covers": "what it covers; `/` is the whole document, other names are files; empty where it failed",
            "uncovered": "paths of the outermost things that it does not cover",
            "changes": "what was done to the document after this signature, object by object",
            "claimed_at": "when the signer says to have signed (UTC); nothing proves it",
            "proven_at": "by when a trusted timestamp proves it to have existed (UTC); the time that counts",
            "timestamps": "those over it, and the document timestamps that came after it, oldest first",
            "document_timestamp": "there where this is no signature but a document timestamp",
            "scheme": "such as `rsa-sha256`",
            "weak": "SHA-1 was used, and had been allowed",
            "certificate": "of the signer; null where the digests already failed",
            "anchor": "the trust anchor that the chain ends in",
            "revocation": "null where there was no certificate to judge",
            "notices": "what one should know and decides nothing",
        },
    ),
    "certificate": (
        "A certificate\n\nWith `--redact` only kind, issuer and the two times.",
        {
            "kind": "`jpki-signature`, `jpki-test-signature`, `jpki-authentication` or `other`",
            "issuer": "distinguished name (RFC 4514)",
            "not_before": "UTC",
            "not_after": "UTC",
            "subject": "distinguished name (RFC 4514)",
            "serial": "hexadecimal",
            "sha256": "of the DER, hexadecimal",
            "holder": "of a JPKI signature certificate: personal data",
        },
    ),
    "holder": (
        "A holder, as the certificate says",
        {
            "name": "surname and given names",
            "address": "on the day the certificate was issued",
            "birth_date": "ISO 8601; `?` for digits that the register does not know",
            "sex": "`male`, `female` or `unknown`",
            "substituted": "a character of name or address stands in for another",
            "name_substitutions": "how many characters of the name do",
            "address_substitutions": "how many characters of the address do",
        },
    ),
    "revocation": (
        "Revocation",
        {
            "status": "`good`, `revoked`, `on-hold` or `not-checked`",
            "why": "of `not-checked`: `no-evidence`, `stale`, `no-chain` or `off`",
            "source": "the CRL that answered",
            "produced": "its thisUpdate: how old the evidence is",
            "revoked_at": "UTC",
            "reason": "CRLReason (RFC 5280)",
        },
    ),
    "timestamp": (
        "A timestamp (RFC 3161)\n\nThe verdict is about the timestamp alone: `VALID` is one that is trusted. What it "
        "says is null where its own signature is not right.",
        {
            "place": "the field of a document timestamp; null for one inside the signature",
            **_VERDICT_FIELDS,
            "at": "the time that it states (UTC)",
            "accuracy": "how far that may be from the truth, in seconds",
            "policy": "of the authority, in dotted numbers",
            "serial": "hexadecimal",
            "authority": "distinguished name (RFC 4514) of its certificate",
            "anchor": "the anchor for timestamps that its certificate leads to",
            "revocation": "of its certificate; null where the timestamp had failed before",
        },
    ),
    "change": (
        "A change after a signature",
        {
            "code": "[change code](reason-codes.md)",
            "permitted": "whether the signature bears it",
            "message": "its sentence, in the language of the run",
            "facts": "what the sentence is filled with",
        },
    ),
    "notice": (
        "A notice",
        {
            "code": "[notice code](reason-codes.md)",
            "message": "its sentence, in the language of the run",
            "facts": "what the sentence is filled with",
        },
    ),
    "sign": (
        "`jitsuin sign --json`",
        {
            "schema_version": "of this page",
            "command": "`sign`",
            "dry_run": "true with `--dry-run`, else absent",
            "files": "one for each PATH, in their order",
        },
    ),
    "signed file": (
        "Each of `files` of `sign`\n\nWhat was written, or `source` and `error` alone. With `--dry-run` only source, "
        "target and profile.",
        {
            "source": "as given",
            "target": "the signed file",
            "source_sha256": "hexadecimal",
            "target_sha256": "hexadecimal",
            "at": "when (UTC)",
            "profile": "the destination",
            "scheme": "such as `rsa-sha256`",
            "signatures_made": "more than one where attachments were signed, too",
            "signature_ids": "their Ids, or the names of their fields, as `verify` shows them",
            "anchor": "the trust anchor that the signing certificate leads to",
            "revocation": "of the signing certificate",
            "timestamp": "the one over the signature, where the profile has one and it was to be had",
            "notices": "what one should know",
            "error": "instead of all the others but `source`",
        },
    ),
    "profile": (
        "A profile",
        {
            "name": "for `--profile`",
            "format": "the adapter that writes it",
            "title": "what it is for, in the language of the run",
            "confidence": "`standard`, `published`, `seen in files` or `experimental`",
            "status": "how sure we are, in a few words of the chosen language",
            "note": "the same in words",
        },
    ),
    "card": (
        "`jitsuin card --json`",
        {
            "schema_version": "of this page",
            "command": "`card`",
            "at": "when (UTC)",
            "token": "reader and token",
            "reader": "the reader's name",
            "kind": "the token's own name, such as `JPKIAPICCTOKEN2`",
            "token_kind": "`plastic-card`, `juki-card`, `android-phone`, `iphone` or `unknown`",
            "atr": "hexadecimal",
            "signature_certificate_present": "署名用電子証明書",
            "authentication_certificate_present": "利用者証明用電子証明書",
            "signature_tries_left": "0 is locked; null where the card does not tell; `--unlock`: before it",
            "authentication_tries_left": "likewise",
            "signature_certificate": "only with `--unlock`",
            "signature_lifetime": "only with `--unlock`",
            "signature_judgement": "only with `--unlock`: what `sign` would make of it; revocation is not looked at",
            "authentication_certificate": "null where absent or behind its PIN",
            "authentication_lifetime": "null where there is no certificate to look at",
            "signature_issuer": "the CA certificate above the signature certificate",
            "signature_anchor": "the trust anchor that `signature_issuer` is; null where it is unknown",
            "authentication_issuer": "the CA certificate above the user-authentication certificate",
            "advice": "what to do next, the most pressing first",
        },
    ),
    "card with PKCS#11": (
        "`jitsuin card --json` with a `pkcs11:` key",
        {
            "schema_version": "of this page",
            "command": "`card`",
            "module": "the module's path or name",
            "library": "what it says of itself: `manufacturer`, `description`, `version`",
            "tokens": "every slot with something in it",
            "signature_certificate": "only with `--unlock`: the one with the key that is meant",
            "signature_lifetime": "only with `--unlock`",
            "signature_judgement": "only with `--unlock`: what `sign` would make of it; revocation is not looked at",
        },
    ),
    "PKCS#11 token": (
        "A PKCS#11 token",
        {
            "slot_id": "the slot's number, as in the URI",
            "reader": "the slot's description: with OpenSC the reader's name",
            "label": "empty for a token that was never set up; null for what the module does not recognise",
            "manufacturer": "as the token says",
            "model": "as the token says",
            "serial": "null with `--redact`",
            "removable": "can be taken out of the slot, as a card",
            "for_authentication": "its key is for user authentication and never signs documents",
            "flags": "those of the token's `CKF_` flags that tell of its PIN",
            "mechanisms": "those of its `CKM_` mechanisms that documents can be signed by",
            "objects": "what it shows without a PIN",
        },
    ),
    "PKCS#11 object": (
        "An object on a PKCS#11 token",
        {
            "kind": "`certificate`, `private-key`, `public-key`, or what else the module calls it",
            "label": "CKA_LABEL; null with `--redact`",
            "id": "CKA_ID, hexadecimal, which pairs a key with its certificate",
            "key_type": "of a key: `RSA`, `EC`, …",
            "not_after": "of a certificate",
        },
    ),
    "lifetime": (
        "The validity of a certificate\n\nDays are Japan's, as people count them; the certificate has the exact times.",
        {
            "phase": "`not-yet-valid`, `valid`, `renewable` (valid, and can be renewed) or `expired`",
            "message": "the same in words, in the language of the run",
            "first_day": "ISO 8601",
            "last_day": "ISO 8601; it is valid to the end of this day",
            "renewal_day": "the first day on which it can be renewed",
            "months": "whole calendar months to the last day; of `expired` since it, of `not-yet-valid` to the first",
            "days": "and days beyond those months",
            "young": "valid for less than 24 hours, so that online services may not know it",
            "ending": "of a signature certificate: `on-fifth-birthday` or `before-fifth-birthday` of its holder after "
            "the issue; null where neither is known, and with `--redact`",
        },
    ),
    "judgement": (
        "What a signature certificate is worth",
        {
            **_VERDICT_FIELDS,
            "anchor": "the trust anchor that its chain ends in",
            "key_algorithm": "`RSA`, or `ECDSA` with the curve",
            "key_bits": "length of the key",
            "revocation": "not looked at by `card`",
            "notices": "what one should know and decides nothing",
        },
    ),
    "advice": (
        "An advice",
        {
            "code": "[advice code](reason-codes.md)",
            "message": "its sentence, in the language of the run",
            "facts": "what the sentence is filled with",
        },
    ),
    "doctor": (
        "`jitsuin doctor --json`\n\nEnds with 0 whatever was found.",
        {
            "schema_version": "of this page",
            "command": "`doctor`",
            "checks": "in the order in which one needs the other",
            "bundle": "the file that `--bundle` wrote",
        },
    ),
    "check": (
        "A check of `doctor`\n\nA subject may come several times: readers, cards, modules.",
        {
            "subject": "what was looked at: " + ", ".join(f"`{subject}`" for subject in SUBJECTS),
            "state": "`ok`, `missing` (`card:` does not work without it) or `attention`",
            "code": "what was found; stable together with the subject",
            "facts": "what the sentences are filled with",
            "found": "what was found, in the language of the run",
            "advice": "what to do about it; null where the state is `ok`",
        },
    ),
    "profiles": (
        "`jitsuin profiles --json`",
        {"schema_version": "of this page", "command": "`profiles`", "profiles": "all of them"},
    ),
    "trust list": (
        "`jitsuin trust list --json`",
        {"schema_version": "of this page", "command": "`trust list`", "anchors": "all of them"},
    ),
    "anchor": (
        "An anchor",
        {
            "name": "the CA",
            "sha256": "of the certificate's DER, hexadecimal",
            "key_identifier": "subjectKeyIdentifier, hexadecimal: CAs that share one name are told apart by key",
            "not_before": "of the certificate",
            "not_after": "of the certificate",
            "state": "`seen` (its certificate is remembered), `not seen` or `own` (imported with `--force`)",
        },
    ),
    "batch file": (
        "A line of a batch\n\nWhere `sign` or `verify` is about many files (a folder, a pattern, several files with "
        "`--output-dir`), `--json` prints "
        "JSON Lines: one object for each file, in the order of the folder, as soon as it is done, and one for the run.",
        {
            "schema_version": "of this page",
            "type": "`file`",
            "command": "`sign` or `verify`",
            "name": "path inside the folder, with `/`",
            "state": "`signed`, `verified` (judged: see the verdict), `skipped`, `failed` or `not-attempted`",
            "source": "the file",
            "target": "the output that was written",
            "format": "the adapter that read it",
            "profile": "name of the destination profile",
            "source_sha256": "of the file, hexadecimal",
            "target_sha256": "of the output, hexadecimal",
            "verdict": "`VALID`, `INVALID` or `INDETERMINATE`; of a signed file, on the output as it was written",
            "reason": "of `skipped`: `already-signed`, `signed-before` (by an earlier run), `symlink`, `not-a-file`; "
            "of `verified`: [reason code](reason-codes.md)",
            "message": "its sentence, in the language of the run",
            "error": "why it failed",
            "notices": "what one should know about this file and decides nothing",
            "path": "of `verified`, as the following ones: the file",
            "sha256": "of the file, hexadecimal",
            "at": "the time for which certificates were judged (UTC)",
            "indication": "the verdict in ETSI's words",
            "sub_indication": "ETSI's sub-indication; null where all passed",
            "facts": "what the sentence is filled with",
            "signatures": "in document order; also one entry for a signature that is missing",
        },
    ),
    "batch summary": (
        "The last line of a batch",
        {
            "schema_version": "of this page",
            "type": "`summary`",
            "command": "`sign` or `verify`",
            "run_id": "of this run, as in the journal",
            "at": "the time of the run (UTC)",
            "counts": "how many files are in each state",
            "certificate_serial": "of the signing certificate, hexadecimal; null where the key was not opened",
            "notices": "what one should know about the certificate",
            "stopped": "why the run ended before its end",
            "resume": "the command that goes on, for a shell",
            "exit_code": "[exit code](exit-codes.md)",
            "dry_run": "true with `--dry-run`, which prints this line alone",
            "profiles": "with `--dry-run`: how many files would be signed, by profile",
            "files": "with `--dry-run`: those that would not",
        },
    ),
    "failure": (
        "A run that stopped\n\nA wrong password, a refused certificate, an unknown name.",
        {"schema_version": "of this page", "exit_code": "[exit code](exit-codes.md)", "error": "what happened"},
    ),
    "error": (
        "An error",
        {
            "kind": "its class",
            "message": "its sentence, in the language of the run",
            "facts": "what the sentence is filled with; `reason` is a [reason code](reason-codes.md)",
        },
    ),
}


@dataclass
class Shape:
    """What was seen of one kind of object: how often, and of what type each field was."""

    seen: int = 0
    types: dict[str, set[str]] = field(default_factory=dict)
    present: dict[str, int] = field(default_factory=dict)


def json_fields() -> str:
    shapes: dict[str, Shape] = {}
    for name, value in _runs():
        _look_at(name, value, shapes)
    if wrong := shapes.keys() ^ _FIELDS.keys():
        raise SystemExit(f"docs/generate.py: described or printed, but not both: {', '.join(sorted(wrong))}")
    sections: list[str] = []
    for name, (title, texts) in _FIELDS.items():
        shape = shapes[name]
        if wrong := shape.types.keys() ^ texts.keys():
            raise SystemExit(
                f"docs/generate.py: {name}: described or printed, but not both: {', '.join(sorted(wrong))}"
            )
        rows = [
            [f"`{key}`", ", ".join(sorted(shape.types[key])), "" if shape.present[key] == shape.seen else "no", text]
            for key, text in texts.items()
        ]
        sections.append(f"## {title}\n\n{table(['Field', 'Type', 'Always', 'Meaning'], rows)}")
    return f"""{_NOTICE}

# The JSON output

`--json` prints one object on standard output, also when a run fails, and of many files JSON Lines; messages for people
go to standard error. Take the verdict from here or from the [exit code](exit-codes.md), never from the text.

`schema_version` is {SCHEMA_VERSION}. It grows when a field changes its meaning or goes; fields may be added without
that. Times are ISO 8601 in UTC unless it is said otherwise.

The types below were taken from real runs, those about PKCS#11 and timestamps from made-up ones. What a certificate or
card does not tell is null.

{chr(10).join(sections)}"""


def _look_at(name: str, value: dict[str, Any], shapes: dict[str, Shape]) -> None:
    shape = shapes.setdefault(name, Shape())
    shape.seen += 1
    for key, item in value.items():
        inner = _OBJECTS.get(f"{name}.{key}", _OBJECTS.get(key))
        if key == "files":
            inner = {"verify": "verified file", "sign": "signed file", "batch summary": "batch file"}[name]
        if inner is not None:
            for one in item if isinstance(item, list) else [item]:
                if one is not None:
                    _look_at(inner, one, shapes)
        shape.present[key] = shape.present.get(key, 0) + 1
        shape.types.setdefault(key, set()).add(_type(item, inner))


def _type(value: object, inner: str | None) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", dict: "object"}
    if isinstance(value, list):
        return f"list of {inner or 'string'}"
    return inner if inner and isinstance(value, dict) else names[type(value)]


def _runs() -> Iterator[tuple[str, dict[str, Any]]]:
    """What the commands print, once for each thing that can come of them."""
    with tempfile.TemporaryDirectory() as name:
        run = _Shell(Path(name))
        run("demo")
        signing = ("--trust", "simulator", "--pin-source", "env:PIN")
        good = ("--trust", "simulator", "--crl", "jitsuin-demo/card/crl")
        income, consumption = (f"jitsuin-demo/{kind}-tax-return" for kind in ("income", "consumption"))
        own = ("--key", "simulator:jitsuin-demo/card", *signing)
        files = (f"{income}.signed.xtx", f"{consumption}.tampered.xtx", f"{income}.xtx", "absent.xml")
        yield "verify", run("verify", "--json", *files, *good)
        yield "verify", run("verify", "--json", "--redact", f"{income}.signed.xtx", *good)
        yield "verify", run("verify", "--json", f"{income}.signed.xtx", "--trust", "simulator")
        yield "sign", run("sign", "--json", f"{income}.xtx", "-o", "a.xtx", *own)
        yield "sign", run("sign", "--json", f"{income}.xtx", "-o", "a.xtx", *own)
        yield "sign", run("sign", "--json", f"{income}.xtx", "-o", "b.xtx", "--crl", "jitsuin-demo/card/crl", *own)
        yield "sign", run("sign", "--json", "--dry-run", f"{income}.xtx", "-o", "c.xtx")
        yield "sign", run("sign", "--json", "--dry-run", f"{income}.xtx", "-o", "a.xtx")
        yield "failure", run("sign", "--json", f"{income}.xtx", "-o", "d.xtx", *own, PIN="WRONG123")
        moved = ("--key", "simulator:moved?card=revoked-affiliation-changed")
        run("sign", f"{income}.xtx", "-o", "moved.xtx", *moved, *signing)
        yield "verify", run("verify", "--json", "moved.xtx", "--trust", "simulator", "--crl", "moved/crl")
        form = "jitsuin-demo/childcare-application"
        field = ("--field", "Guardian2Signature")
        run("sign", f"{form}.signed.pdf", "-o", "both.pdf", *field, *own)
        yield "verify", run("verify", "--json", "both.pdf", *good)
        yield "verify", _with_timestamp(run("verify", "--json", "both.pdf", *good))
        yield "sign", _with_timestamp(run("sign", "--json", f"{form}.signed.pdf", "-o", "more.pdf", *own, *field))
        yield from _batch_runs(run, own, good)
        yield "card", run("card", "--json", "--key", "simulator:jitsuin-demo/card")
        yield "card", run("card", "--json", "--key", "simulator:phone?card=phone")
        yield "card", run("card", "--json", "--key", "simulator:jitsuin-demo/card", *signing, "--unlock")
        yield "card", run("card", "--json", "--key", "simulator:jitsuin-demo/card", *signing, "--unlock", "--redact")
        yield "card", run("card", "--json", "--key", "simulator:ended?card=expired", *signing, "--unlock")
        yield "card with PKCS#11", _pkcs11_module(None)
        yield "card with PKCS#11", _pkcs11_module("valid")
        # Without a PC/SC service, so that something is always missing.
        yield "doctor", run("doctor", "--json", PCSCLITE_CSOCK_NAME="absent")
        yield "doctor", run("doctor", "--json", "--bundle", "report.jsonl", PCSCLITE_CSOCK_NAME="absent")
        yield "profiles", run("profiles", "--json")
        yield "trust list", run("trust", "list", "--json")


def _batch_runs(run: _Shell, own: tuple[str, ...], good: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    (run.folder / "jitsuin-demo/broken.pdf").write_bytes(b"%PDF-1.7\n")
    sign = ("sign", "--json", "--yes", "jitsuin-demo", "--output-dir")
    printed = [
        *run.lines(*sign, "out", *own),
        *run.lines(*sign, "out2", *own, "--sign-signed"),
        *run.lines(*sign, "out3", *own, PIN="WRONG123"),
        *run.lines(*sign, "out4", *own, "--dry-run"),
        *run.lines("verify", "--json", "jitsuin-demo", *good),
    ]
    yield from (("batch summary" if line["type"] == "summary" else "batch file", line) for line in printed)


def _with_timestamp(printed: dict[str, Any]) -> dict[str, Any]:
    """What is printed where there are timestamps; made up, as no authority is asked for the documentation."""
    certificate = pki.ca_certificate(PERSONAS["valid"].ca)
    finding = TimestampFinding(PASSED, "", _AT, timedelta(seconds=1), "1.2.3", 1, certificate)
    good = RevocationAnswer(RevocationStatus.GOOD)
    stamps = [
        timestamp_json(TimestampReport(finding, PASSED, "CN=Anchor", good)),
        timestamp_json(
            TimestampReport(TimestampFinding(_FAILED, "Timestamp1"), _FAILED),
        ),
    ]
    (file,) = printed["files"]
    for signature in file.get("signatures", ()):
        signature |= {"timestamps": stamps, "document_timestamp": stamps[1], "proven_at": stamps[0]["at"]}
    if "signatures" not in file:
        file["timestamp"] = stamps[0]
    return printed


_FAILED = Verdict(SubIndication.SIG_CRYPTO_FAILURE, "timestamp-altered")


def _pkcs11_module(persona: str | None) -> dict[str, Any]:
    """What is printed of a module; made up, as the documentation is to be made without any. Unlocked with a persona."""
    certificate = None if persona is None else pki.signature_certificate(PERSONAS[persona], _AT)
    issuer = pki.ca_certificate(PERSONAS["valid"].ca)
    store = load_trust(["simulator"])
    signature = None if certificate is None else signature_certificate(certificate, (issuer,), store, _AT)
    objects = (
        Pkcs11Object("certificate", "CA", b"\x04", certificate=issuer),
        Pkcs11Object("public-key", "", b"", "RSA"),
    )
    tokens = (Pkcs11Token(0, "Reader", "", True, "Token"), Pkcs11Token(1, "Reader", "", True, None))
    library = {"manufacturer": "", "description": "", "version": ""}
    facts = ModuleFacts("module.so", library, tokens, {0: objects})
    printed = module_json(facts, signature, redact=False), module_json(facts, signature, redact=True)
    return {"schema_version": SCHEMA_VERSION, "command": "card", **printed[persona is None]}


class _Shell:
    """The installed command line, in a folder and with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        hidden = {name: value for name, value in os.environ.items() if not name.startswith("JITSUIN_")}
        self._environment = hidden | {
            "HOME": str(folder),
            "JITSUIN_LANG": "en",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
            "PIN": SIGNATURE_PASSWORD,
        }

    def __call__(self, *arguments: str, **environment: str) -> dict[str, Any]:
        printed = self._printed(*arguments, **environment)
        parsed: dict[str, Any] = json.loads(printed) if "--json" in arguments else {}
        return parsed

    def lines(self, *arguments: str, **environment: str) -> list[dict[str, Any]]:
        """Of JSON Lines."""
        return [json.loads(line) for line in self._printed(*arguments, **environment).splitlines()]

    def _printed(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(  # noqa: S603 - this Python, and arguments from above
            [sys.executable, "-c", "from jitsuin.cli import main; main()", *arguments],
            capture_output=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self._environment | environment,
            check=False,
        )
        if "--json" not in arguments and done.returncode != 0:
            raise SystemExit(f"docs/generate.py: jitsuin {' '.join(arguments)}: {done.stderr}")
        return done.stdout


# Parts of other pages

_CONFIDENCE_JA = {
    Confidence.STANDARD: "標準規格",
    Confidence.PUBLISHED: "公表値",
    Confidence.SEEN_IN_FILES: "公開ファイルで確認",
    Confidence.EXPERIMENTAL: "試験的",
}


def profiles_en() -> str:
    rows = [[f"`{p.name}`", p.title["en"], p.confidence.value, p.note["en"]] for p in PROFILES.values()]
    return table(["Profile", "For", "How sure", "In words"], rows)


def profiles_ja() -> str:
    rows = [[f"`{p.name}`", p.title["ja"], _CONFIDENCE_JA[p.confidence], p.note["ja"]] for p in PROFILES.values()]
    return table(["プロファイル", "用途", "確度", "説明"], rows)


def personas() -> str:
    """Every simulated card, with what becomes of signing with it."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_DATA_HOME"] = str(Path(name, "data"))
        sample = resources.files("jitsuin.samples").joinpath("unsigned", "income-tax-return.xtx")
        source = Path(name, "return.xtx")
        source.write_bytes(sample.read_bytes())
        rows = [
            [f"`{persona.name}`", persona.about, _certificate(persona), _outcome(persona, source)]
            for persona in PERSONAS.values()
        ]
    return table(["`?card=`", "Who or what", "Key, issuing CA, days of validity", "What `sign` does"], rows)


def _certificate(persona: Persona) -> str:
    key = private_key(persona.name)
    kind = f"RSA {key.key_size}" if isinstance(key, rsa.RSAPrivateKey) else f"ECDSA {key.curve.name}"
    begin, end = map(_days, (persona.not_before, persona.not_after))
    return f"{kind}, {persona.ca} ({CAS[persona.ca].not_before.year}), {begin} to {end}"


def _days(time: timedelta) -> str:
    hours = round(time / timedelta(hours=1))
    return f"{hours} hours" if abs(hours) < 24 else f"{round(hours / 24):+d}"


def _outcome(persona: Persona, source: Path) -> str:
    folder = source.with_name(persona.name)
    uri = f"simulator:{folder}?card={persona.name}"
    try:
        with pipeline.open_signer(uri, pin=lambda _request: SIGNATURE_PASSWORD, at=_AT) as signer:
            target, crl = source.with_suffix(f".{persona.name}.xtx"), folder / "crl"
            result = pipeline.sign_file(source, target, signer=signer, trust=["simulator"], crls=[crl], at=_AT)
    except (JitsuinError, SignerError) as error:
        reason = f", `{error.facts['reason']}`" if "reason" in error.facts else ""
        return f"exit {int(exit_code(error))}: `{type(error).__name__}`{reason}"
    return ", ".join(["signs", *(f"notice `{notice.code}`" for notice in result.notices)])


_PAGES: Mapping[str, Callable[[], str]] = {
    "docs/exit-codes.md": exit_codes,
    "docs/reason-codes.md": reason_codes,
    "docs/json.md": json_fields,
}
_PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"profiles": profiles_en},
    "README.ja.md": {"profiles": profiles_ja},
    "docs/simulator.md": {"personas": personas},
}


def made() -> Iterator[tuple[Path, str]]:
    """Every file that has something generated in it, and what it should hold."""
    for name, make in _PAGES.items():
        yield ROOT / name, make()
    for name, parts in _PARTS.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for part, make in parts.items():
            begin, end = f"<!-- generated: {part} -->\n", "<!-- end -->"
            head, found, rest = text.partition(begin)
            _, closed, tail = rest.partition(end)
            if not found or not closed:
                raise SystemExit(f"{name}: no place for {part}")
            text = f"{head}{begin}{make()}{end}{tail}"
        yield ROOT / name, text


def main() -> int:
    parser = argparse.ArgumentParser(description="Write what the documentation takes from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something is out of date")
    check = parser.parse_args().check
    status = 0
    for path, text in made():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: python docs/generate.py\n")
            status = 1
        else:
            path.write_text(text, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
