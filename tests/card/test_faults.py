"""The tables of faults and moments (docs/card-faults*.md): whatever the card does, no half file and no try lost.

With JITSUIN_FAULTS_WRITE=1 the run also writes the pages; without, its cells are compared with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from smartcard import scard

from faulty_runs import MOMENTS, ROUTES, Cell, Kind, Route, on_page, page, row, run_cell
from jitsuin import verify_file
from jitsuin.errors import ExitCode
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.pcsc import list_readers
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pcsc_stack import SLOTS, PcscStack

DOCS = Path(__file__).resolve().parents[2] / "docs"
WRITE = bool(os.environ.get("JITSUIN_FAULTS_WRITE"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "JITSUIN_KEY", "JITSUIN_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="module")
def tables() -> Iterator[dict[str, dict[tuple[str, str], Cell]]]:
    """What has been found, by route; the pages are written from it."""
    found: dict[str, dict[tuple[str, str], Cell]] = {route.page: {} for route in ROUTES}
    yield found
    for route in ROUTES:
        if WRITE and len(found[route.page]) == route.cells:
            (DOCS / route.page).write_text(page(route, found[route.page]), encoding="utf-8")


@pytest.mark.parametrize(
    ("route", "kind"),
    [pytest.param(route, kind, id=f"{route.scheme}-{kind.spec}") for route in ROUTES for kind in route.kinds],
)
def test_fault(route: Route, kind: Kind, tables: dict, pcsc: PcscStack, other: Callable, tmp_path: Path) -> None:
    """One kind of fault at every moment, in all slots at once."""

    def lane(slot: int) -> dict[str, Cell]:
        mine = kind.moments[slot::SLOTS]
        return {m: run_cell(route, kind, MOMENTS[m], pcsc, slot, tmp_path / m, other) for m in mine}

    with ThreadPoolExecutor(SLOTS) as pool:
        cells = {moment: cell for found in pool.map(lane, range(SLOTS)) for moment, cell in found.items()}
    assert cells.keys() == set(kind.moments)
    assert {moment: cell.wrong for moment, cell in cells.items() if cell.wrong} == {}
    tables[route.page].update({(kind.spec, moment): cell for moment, cell in cells.items()})
    if not WRITE:
        text = (DOCS / route.page).read_text(encoding="utf-8")
        here = {moment: row(kind, cell) for moment, cell in cells.items()}
        assert {moment: one for moment, one in here.items() if one not in on_page(text, moment)} == {}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.scheme)
def test_the_page_has_nothing_else(route: Route) -> None:
    if not WRITE:
        text = (DOCS / route.page).read_text(encoding="utf-8")
        shown = {moment: [line.split(" | ")[0] for line in on_page(text, moment)] for moment in route.notes}
        assert shown == {m: [f"| {kind.title}" for kind in route.kinds if m in kind.moments] for m in route.notes}
        assert text.count("\n## ") == len(route.notes)


# A second program, which is no fault of the card


def test_another_program_is_kept_out_while_we_sign(pcsc: PcscStack, tmp_path: Path, meddler: Callable) -> None:
    """It tries to connect in every way, and to reset the card, from before our run until after it."""
    (tmp_path / "a.xtx").write_bytes(income_tax_return())
    with pcsc.insert(tmp_path / "card", slot=1, sign_ms=1500):
        signing = start(tmp_path, "sign", tmp_path / "a.xtx", "--pin-source", "env:SECRET", "--trust", "simulator")
        wait_until_used(pcsc.readers[1])
        results = meddler(pcsc.readers[1])
        assert signing.poll() is None, "all that was while we held the card"
        assert set(results) == {"SHARED", "EXCLUSIVE", "DIRECT"}
        assert set(results.values()) == {scard.SCARD_E_SHARING_VIOLATION}
        _, complaints = signing.communicate(timeout=60)
        assert (signing.returncode, complaints) == (0, "")
        # The same program with nobody in its way can do all of it.
        assert set(meddler(pcsc.readers[1]).values()) == {scard.SCARD_S_SUCCESS}
    assert verify_file(tmp_path / "a.signed.xtx", trust=["simulator"], revocation="off").verdict.passed


def test_another_program_resets_the_card_while_we_look(pcsc: PcscStack, tmp_path: Path, meddler: Callable) -> None:
    """A look is shared, but holds a transaction: it ends with the right answer, or says what was done to the card."""
    with pcsc.insert(tmp_path / "card", slot=1, apdu_ms=60):
        looking = start(tmp_path, "card", "--json")
        wait_until_used(pcsc.readers[1])
        meddler(pcsc.readers[1])
        printed, complaints = looking.communicate(timeout=60)
        if looking.returncode:
            assert looking.returncode == ExitCode.TOKEN
            assert json.loads(printed)["error"]["kind"] == "CardResetError", complaints
        else:
            assert "JPKIAPICCTOKEN2" in printed
        assert "Traceback" not in complaints
        again = start(tmp_path, "card", "--json")
        assert "JPKIAPICCTOKEN2" in again.communicate(timeout=60)[0]


MEDDLER = """
import json, sys
from smartcard import scard
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
results = {}
for name in ("SHARED", "EXCLUSIVE", "DIRECT"):
    protocols = 0 if name == "DIRECT" else scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    result, card, _ = scard.SCardConnect(context, sys.argv[1], getattr(scard, "SCARD_SHARE_" + name), protocols)
    if result == 0:
        scard.SCardReconnect(card, scard.SCARD_SHARE_SHARED, protocols or 3, scard.SCARD_RESET_CARD)
        scard.SCardDisconnect(card, scard.SCARD_RESET_CARD)
    results[name] = result
print(json.dumps(results))
"""


@pytest.fixture
def meddler() -> Callable[[str], dict[str, int]]:
    """Another process, which connects to a reader in every mode and resets the card; the results of connecting."""

    def run(reader: str) -> dict[str, int]:
        done = subprocess.run([sys.executable, "-c", MEDDLER, reader], capture_output=True, timeout=60, check=True)
        return dict(json.loads(done.stdout))

    return run


def start(home: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    call = [sys.executable, "-m", "jitsuin", *arguments, "--key", "card:"]
    environment = os.environ | {"HOME": str(home), "SECRET": SIGNATURE_PASSWORD, "JITSUIN_LANG": "en"}
    return subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, encoding="utf-8", errors="strict"
    )


def wait_until_used(reader: str) -> None:
    end = time.monotonic() + 60
    while not any(state.in_use for state in list_readers() if state.name == reader):
        assert time.monotonic() < end
        time.sleep(0.01)
