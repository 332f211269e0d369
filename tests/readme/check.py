"""Check that README and docs/api.md tell the truth: their help texts are the real ones, and their examples run.

    python tests/readme/check.py [--fix] README.md...

What a fenced block means, by its language and by the HTML comment on the line before it:

    <!-- help: jitsuin sign -->     the block is what `jitsuin sign --help` prints; --fix rewrites it
    ```console                      lines after `$ ` are run by bash; output lines below one are compared with the real
                                    ones. `...` stands for any text, on a line of its own for any lines. Without output
                                    lines nothing is compared, but the command must succeed
    ```python                       run as a script
    <!-- file: NAME -->             the block becomes a file of this name, for the blocks that follow
    <!-- exit: 1 -->                the last command of the block ends with this status
    <!-- reader: DIR -->            while the block runs, the simulated card of DIR is in a real reader (pcscd, vpcd)
    <!-- not run: why -->           the block is left alone

All blocks of one file run one after another in one new folder, with a new home, no terminal and 80 columns.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 120


@dataclass(frozen=True)
class Block:
    """A fenced block: `lines[start:end]` is its text, fences left out."""

    start: int
    end: int
    language: str
    marker: str
    """The text of the comment before it, or nothing."""


@dataclass(frozen=True)
class Step:
    """A command of a console block, and the output below it."""

    line: int
    command: str
    expected: list[str]


def blocks(lines: list[str]) -> Iterator[Block]:
    start, language, marker, fence = None, "", "", ""
    for number, line in enumerate(lines):
        if start is not None:
            if line.strip() == fence:
                yield Block(start, number, language, marker)
                start = None
        elif opening := re.match(r"\s*(`{3,})\s*(\w*)", line):
            fence, language = opening[1], opening[2]
            comment = re.fullmatch(r"\s*<!--\s*(.*?)\s*-->\s*", lines[number - 1]) if number else None
            start, marker = number + 1, comment[1] if comment else ""
    if start is not None:
        raise SystemExit(f"line {start}: this block is never closed")


def steps(lines: list[str], block: Block) -> list[Step]:
    found: list[Step] = []
    number = block.start
    while number < block.end:
        line = lines[number]
        if line.startswith("$ "):
            first, command = number, line[2:]
            while command.endswith("\\"):
                number += 1
                command += "\n" + lines[number].removeprefix("> ")
            found.append(Step(first + 1, command, []))
        elif found:
            found[-1].expected.append(line)
        else:
            raise SystemExit(f"line {number + 1}: output without a command")
        number += 1
    return found


def matches(expected: list[str], actual: list[str]) -> bool:
    """Compare output, the wildcard `...` on the expected side."""
    pattern = ""
    for line in expected:
        text = ".*".join(map(re.escape, line.rstrip().split("...")))
        pattern += r"(?:.*\n)*" if line.strip() == "..." else text + r"\n"
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in actual)) is not None


class Stage:
    """The folder and the home that the examples of one file share."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "work"
        home = root / "home"
        for one in (self.folder, home):
            one.mkdir()
        kept = {key: os.environ[key] for key in ("TMPDIR", "SYSTEMROOT") if key in os.environ}
        scripts = Path(sys.executable).parent
        self.environment = kept | {
            "PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)]),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "COLUMNS": "80",
            "NO_COLOR": "1",
        }

    @contextmanager
    def reader(self, card: str) -> Iterator[None]:
        """A pcscd of our own with the card in a reader."""
        sys.path.insert(0, str(Path(__file__).parents[1] / "judges"))
        from pcsc_stack import PcscStack

        with closing(PcscStack()) as stack, stack.insert(self.folder / card):
            self.environment |= stack.environment
            yield

    def write(self, name: str, lines: list[str]) -> None:
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def run(self, command: list[str], stdin: str = "") -> tuple[int, list[str]]:
        done = subprocess.run(
            command,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            cwd=self.folder,
            env=self.environment,
            timeout=TIMEOUT,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()


def trimmed(lines: list[str]) -> list[str]:
    """Without blanks at line ends and empty lines at the end."""
    return "\n".join(line.rstrip() for line in lines).rstrip().splitlines()


def difference(expected: list[str], actual: list[str]) -> str:
    return "\n".join(difflib.unified_diff(expected, actual, "as written", "as printed", lineterm=""))


def check_help(stage: Stage, lines: list[str], block: Block, fixed: list[tuple[Block, list[str]]]) -> Iterator[str]:
    command = block.marker.removeprefix("help:").strip()
    status, output = stage.run([*shlex.split(command), "--help"])
    output = trimmed(output)
    written = lines[block.start : block.end]
    if status != 0:
        yield f"line {block.start}: {command} --help ended with {status}\n" + "\n".join(output)
    elif written != output:
        fixed.append((block, output))
        yield f"line {block.start}: {command} --help prints something else\n{difference(written, output)}"


def check_console(stage: Stage, lines: list[str], block: Block) -> Iterator[str]:
    todo = steps(lines, block)
    for step in todo:
        last = step is todo[-1] and block.marker.startswith("exit:")
        wanted = int(block.marker.removeprefix("exit:")) if last else 0
        status, output = stage.run(["bash", "-c", step.command])
        if status != wanted:
            yield f"line {step.line}: ended with {status}, not {wanted}: {step.command}\n" + "\n".join(output)
        elif step.expected and not matches(trimmed(step.expected), trimmed(output)):
            shown = difference(trimmed(step.expected), trimmed(output))
            yield f"line {step.line}: prints something else: {step.command}\n{shown}"


def check_python(stage: Stage, lines: list[str], block: Block) -> Iterator[str]:
    status, output = stage.run([sys.executable, "-"], "\n".join(lines[block.start : block.end]))
    if status != 0:
        yield f"line {block.start}: ended with {status}\n" + "\n".join(output)


def check(path: Path, *, fix: bool = False) -> list[str]:
    """Every problem of one file. With `fix` wrong help texts are rewritten, and are no problem then."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    problems: list[str] = []
    fixed: list[tuple[Block, list[str]]] = []
    with tempfile.TemporaryDirectory() as name:
        stage = Stage(Path(name))
        for block in blocks(lines):
            if block.marker.startswith("help:"):
                known = len(fixed)
                found = list(check_help(stage, lines, block, fixed))
                problems += [] if fix and len(fixed) > known else found
            elif block.marker.startswith("not run:"):
                continue
            elif block.marker.startswith("file:"):
                stage.write(block.marker.removeprefix("file:").strip(), lines[block.start : block.end])
            elif block.marker.startswith("reader:"):
                with stage.reader(block.marker.removeprefix("reader:").strip()):
                    problems += check_console(stage, lines, block)
            elif block.language == "console":
                problems += check_console(stage, lines, block)
            elif block.language == "python":
                problems += check_python(stage, lines, block)
    if fix and fixed:
        for block, output in reversed(fixed):
            lines[block.start : block.end] = output
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the help texts and run the examples of README files.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--fix", action="store_true", help="rewrite wrong help texts")
    arguments = parser.parse_args()
    status = 0
    for path in arguments.files:
        for problem in check(path, fix=arguments.fix):
            print(f"{path}: {problem}\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
