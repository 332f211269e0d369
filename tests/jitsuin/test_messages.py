"""Every code has its sentence, in both languages, with the same facts."""

from __future__ import annotations

import ast
import inspect
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

import jitsuin
from jitsuin import errors, messages, sentences
from jitsuin.errors import EXIT_CODE_MEANINGS, EXPECTED_ERRORS, ExitCode, exit_code
from jitsuin.formats import errors as format_errors
from jitsuin.report import iso
from jitsuin.signer import errors as signer_errors

PACKAGE = Path(inspect.getfile(jitsuin)).parent
OUR_FAULTS = {"SelfVerificationError", "WorkerDiedError", "UnsentError"}
ROOTS = {kind.__name__ for kind in EXPECTED_ERRORS} | {"TokenError", "PinError"}


def error_classes() -> dict[str, type[Exception]]:
    modules = (errors, format_errors, signer_errors)
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, EXPECTED_ERRORS) and name not in ROOTS
    }


def literal_arguments(call_names: set[str], position: int) -> set[str]:
    """String literals at a position of calls to these names, anywhere in the package."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in call_names and len(node.args) > position:
                    value = node.args[position]
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        found.add(value.value)
    return found


def test_every_verdict_has_its_sentence() -> None:
    reasons = literal_arguments({"Verdict", "RefusedSignatureError"}, 1) | literal_arguments({"_malformed"}, 0)
    assert len(reasons) > 30
    assert reasons - set(sentences.VERDICTS) == set()


def test_every_notice_has_its_sentence() -> None:
    codes = literal_arguments({"Notice"}, 0)
    assert codes == set(sentences.NOTICES)


def test_every_advice_has_its_sentence() -> None:
    codes = literal_arguments({"Advice"}, 0) | {"iphone", "juki-card"}  # these two are kinds of token
    assert codes == set(sentences.ADVICE)


def test_every_change_has_its_sentence() -> None:
    codes = literal_arguments({"Change"}, 0)
    assert codes == set(sentences.CHANGES)


@pytest.mark.parametrize("name", sorted(error_classes()))
def test_every_error_has_its_sentence_and_exit_code(name: str) -> None:
    error = error_classes()[name]()
    assert name in sentences.ERRORS or any(key.startswith(f"{name}.") for key in sentences.ERRORS)
    assert exit_code(error) is not ExitCode.INTERNAL or name in OUR_FAULTS


def test_an_unexpected_error_is_internal() -> None:
    assert exit_code(ZeroDivisionError()) is ExitCode.INTERNAL


def test_every_exit_code_has_its_meaning() -> None:
    assert set(EXIT_CODE_MEANINGS) == set(ExitCode)


@pytest.mark.parametrize(
    "table",
    ["VERDICTS", "CHANGES", "NOTICES", "ERRORS", "ADVICE", "LIFETIMES", "ENDINGS", "TOKEN_KINDS", "CERTIFICATE_KINDS"],
)
def test_both_languages_tell_the_same_facts(table: str) -> None:
    def fields(text: str) -> set[str | None]:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    for key, (english, japanese) in getattr(sentences, table).items():
        assert fields(english) == fields(japanese), key
        assert english.isascii() or not any("\u3040" <= c <= "\u9fff" for c in english.replace("有効性確認", "")), key
        assert any("\u3040" <= c <= "\u9fff" for c in japanese) or "{" in japanese, key


def test_a_missing_fact_is_no_second_error() -> None:
    assert "<path>" in messages.error_sentence(errors.InputError(reason="absent"))


def test_times_at_both_ends() -> None:
    """Anybody can claim them: they are shown, and are ISO 8601 for programs."""
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert [messages.moment(one) for one in (first, last)] == ["0001-01-01 09:00 JST", "9999-12-31 23:59 UTC"]
    assert [datetime.fromisoformat(iso(one)) for one in (first, last)] == [first, last]
    assert messages.moment(datetime(2026, 11, 26, 7, 5, 59, 999999, tzinfo=UTC)) == "2026-11-26 16:05 JST"
    assert iso(datetime(2026, 11, 26, 7, 5, 59, 999999, tzinfo=UTC)) == "2026-11-26T07:05:59Z"
