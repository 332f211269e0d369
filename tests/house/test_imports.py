"""Rules about imports and the clock that neither ruff nor import-linter can state, read off the source tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BARE = {"signer", "formats", "samples"}
ROOMS = {"jitsuin"} | BARE
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

NETWORK = {"socket", "http", "urllib.request", "asyncio", "requests", "httpx", "aiohttp"}
NETWORK_MODULES = {
    "jitsuin/fetch.py",  # what revocation.py and timestamp.py ask for
    "jitsuin/workers.py",  # pairs of sockets between our own processes
    "signer/simulator/vpcd.py",  # only to this machine: the simulated card calls the virtual reader's driver
    "jitsuin/pyhanko_signer.py",  # opens none: asyncio is how pyHanko has a key called
}
CLOCK_MODULES = {"jitsuin/clock.py"}
"""The clock is read once and passed down, so that every verdict can be reproduced."""
MAKERS = {"samples/make.py", "signer/simulator/make_keys.py"}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_module = pytest.mark.parametrize("path", MODULES, ids=name)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import: how many dots it begins with, and the full name behind them."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = f"{node.module}." if node.module else ""
            yield from ((node.level, f"{module}{alias.name}") for alias in node.names)


def begins_with(full: str, names: set[str]) -> bool:
    return any(full == one or full.startswith(f"{one}.") for one in names)


@every_module
def test_no_bare_names_of_rooms(path: Path) -> None:
    """`import signer` would find the room in this tree, and somebody else's package where the wheel is installed."""
    assert [full for level, full in imports(path) if level == 0 and begins_with(full, BARE)] == []


@every_module
def test_imports_inside_a_room_are_relative(path: Path) -> None:
    """Only the room jitsuin looks into others, by their full names; and the maker of the samples, who uses it all."""
    room = room_of(path)
    others = {f"jitsuin.{one}" for one in BARE} if room == "jitsuin" else set()
    others |= {"jitsuin"} if name(path) in MAKERS else set()
    own = [full for level, full in imports(path) if level == 0 and begins_with(full, {"jitsuin"})]
    assert [full for full in own if not begins_with(full, others)] == []


@every_module
def test_no_import_climbs_out_of_its_room(path: Path) -> None:
    """`from ..formats` in signer/ would work in the wheel, where both rooms lie in one folder."""
    depth = len(path.relative_to(ROOT / room_of(path)).parts)
    assert [full for level, full in imports(path) if level > depth] == []


@every_module
def test_only_these_modules_open_connections(path: Path) -> None:
    if name(path) not in NETWORK_MODULES:
        assert [full for level, full in imports(path) if level == 0 and begins_with(full, NETWORK)] == []


@every_module
def test_only_one_module_reads_the_clock(path: Path) -> None:
    if name(path) in CLOCK_MODULES | MAKERS:
        return
    readings = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
    called = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
    assert [one for one in called if one.removeprefix("datetime.datetime.") in {"now"} or one in readings] == []
