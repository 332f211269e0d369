"""The simulated card in a real pcscd: inserted, powered, reset, taken out, put in again, as any program sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from smartcard import scard

from jitsuin.signer.simulator import create_card
from pcsc_stack import PcscStack

ISSUED = datetime(2026, 4, 1, tzinfo=UTC)


def test_inserted(pcsc: PcscStack, tmp_path: Path) -> None:
    create_card(tmp_path / "card", "valid", ISSUED)
    with pcsc.insert(tmp_path / "card") as card:
        _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        status, handle, _ = scard.SCardConnect(context, pcsc.readers[0], scard.SCARD_SHARE_EXCLUSIVE, 3)
        assert status == scard.SCARD_S_SUCCESS
        scard.SCardDisconnect(handle, scard.SCARD_UNPOWER_CARD)
        card.take_out()
        scard.SCardReleaseContext(context)
