"""The checker of README files, both ways."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

specification = importlib.util.spec_from_file_location("readme_check", Path(__file__).with_name("check.py"))
assert specification is not None
assert specification.loader is not None
readme = importlib.util.module_from_spec(specification)
sys.modules["readme_check"] = readme  # dataclasses look their module up
specification.loader.exec_module(readme)

Problems = Callable[..., list[str]]


@pytest.fixture
def problems(tmp_path: Path) -> Problems:
    """Check a text as if it were README."""

    def run(text: str, *, fix: bool = False) -> list[str]:
        path = tmp_path / "README.md"
        path.write_text(text, encoding="utf-8")
        return readme.check(path, fix=fix)

    return run


def console(*lines: str, marker: str = "") -> str:
    return "\n".join([marker, "```console", *lines, "```", ""])


@pytest.mark.parametrize(
    "lines",
    [
        ["$ echo a; echo b", "a", "b"],
        ["$ echo a; echo b"],
        ["$ echo one > file", "$ cat file", "one"],
        ["$ printf 'a\\nb\\nc\\n'", "a", "...", "c"],
        ["$ printf 'a\\nc\\n'", "a", "...", "c"],
        ["$ echo done in 12 ms", "done in ... ms"],
        ["$ echo one \\", "> two", "one two"],
        ["$ echo 実印 >&2", "実印"],
        ["$ ls -A ~ | wc -l", "0"],
        ["$ python3 -c 'import os; print(os.isatty(0), os.get_terminal_size)'", "False ..."],
    ],
)
def test_examples_that_hold(problems: Problems, lines: list[str]) -> None:
    assert problems(console(*lines)) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["$ echo a", "b"],
        ["$ echo a; echo b", "a"],
        ["$ echo a", "a", "b"],
        ["$ false"],
        ["$ echo a; false", "a"],
        ["$ printf 'a\\nb\\n'", "a", "...", "c"],
        ["$ echo a.c", "abc"],
    ],
)
def test_examples_that_do_not(problems: Problems, lines: list[str]) -> None:
    assert len(problems(console(*lines))) == 1


def test_blocks_share_a_folder(problems: Problems) -> None:
    assert problems(console("$ touch here") + console("$ ls", "here")) == []


def test_a_block_becomes_a_file(problems: Problems) -> None:
    text = "<!-- file: settings.yml -->\n```yaml\nkey: 実印\nother: 1\n```\n"
    assert problems(text + console("$ cat settings.yml", "key: 実印", "other: 1")) == []
    assert len(problems(console("$ cat settings.yml", "key: 実印", "other: 1"))) == 1
    assert problems(text.replace("yaml", "python") + console("$ ls", "settings.yml")) == []


def test_exit_status(problems: Problems) -> None:
    assert problems(console("$ exit 3", marker="<!-- exit: 3 -->")) == []
    assert len(problems(console("$ exit 4", marker="<!-- exit: 3 -->"))) == 1
    assert len(problems(console("$ true", marker="<!-- exit: 3 -->"))) == 1


def test_not_run(problems: Problems) -> None:
    assert problems(console("$ false", marker="<!-- not run: needs a card -->")) == []


def test_python(problems: Problems) -> None:
    assert problems("```python\nassert 1 == 1\n```\n") == []
    assert len(problems("```python\nassert 1 == 2\n```\n")) == 1


def test_other_languages_are_left_alone(problems: Problems) -> None:
    assert problems("```bash\nfalse\n```\n```\n$ false\n```\n") == []


def test_help(problems: Problems, tmp_path: Path) -> None:
    wrong = "# Title\n\n<!-- help: python3 -m json.tool -->\n```\nsomething else\n```\n\nafter\n"
    assert len(problems(wrong)) == 1
    assert problems(wrong, fix=True) == []
    fixed = (tmp_path / "README.md").read_text()
    assert fixed.startswith("# Title\n\n<!-- help: python3 -m json.tool -->\n```\nusage: ")
    assert fixed.endswith("\n```\n\nafter\n")
    assert problems(fixed) == []


def test_help_of_nothing(problems: Problems) -> None:
    assert len(problems("<!-- help: python3 -m no_such_module -->\n```\n```\n", fix=True)) == 1


def test_unclosed(problems: Problems) -> None:
    with pytest.raises(SystemExit):
        problems("```console\n$ true\n")
