"""The virtual reader: puts a simulated card into a running pcscd, through the driver vpcd of the vsmartcard project.

The driver listens, the card calls: a connection is the insertion, its end the removal. A message is a length of two
bytes, big-endian, and so many bytes: from the reader a single byte is a control code, anything else a command APDU.
Only the request for the ATR and APDUs are answered. Everything happens in the calling thread, so that a signal ends it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from enum import IntEnum
from typing import Final

from ..errors import VirtualReaderError
from .contacts import Card, CardWithdrawn

DEFAULT_PORT: Final = 0x8C7B
"""35963: the first slot of the Debian package's reader; the second slot listens one above."""
ACCEPTANCE_SECONDS: Final = 5.0
"""How long pcscd may take to notice the card: it looks into its readers every 0.4 s."""
ABSENCE_SECONDS: Final = 0.8
"""How long the card stays out at least. pcscd that misses a removal never powers the card again: the next time that a
program leaves it writes the card off, and it waits for the removal that has been.
"""
POWER_SECONDS: Final = 2.0
"""How long pcscd may know of the card without powering it. Then it has missed that the one before was taken out."""


class Control(IntEnum):
    """The control codes."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    GET_ATR = 4


def serve(card: Card, port: int = DEFAULT_PORT, inserted: Callable[[], None] = lambda: None) -> None:
    """Keep the card in the reader that listens on this port of this machine, until it is withdrawn for good.

    `inserted` is called whenever pcscd has noticed it. If the reader goes away (pcscd is stopped), the card waits for
    it to come back. Raises VirtualReaderError with reason `absent` if nobody listens at first, `silent` if nobody
    answers: another card is in the reader.
    """
    connection = _connect(port)
    while True:
        seconds = ABSENCE_SECONDS
        with closing(connection):
            try:
                _Slot(connection, card).run(port, inserted)
            except CardWithdrawn as withdrawn:
                if not withdrawn.seconds:
                    return
                seconds = max(seconds, withdrawn.seconds)
            except ConnectionError:
                pass  # the reader has gone away
            finally:
                card.power_off()
        connection = _reconnect(port, seconds)


class _Slot:
    """The card in the reader, for as long as the connection lasts."""

    def __init__(self, connection: socket.socket, card: Card) -> None:
        self._connection = connection
        self._card = card
        self._atr = card.power_on()  # the driver asks for the ATR to see whether there is a card, before any power
        card.power_off()
        self._powered = False

    def run(self, port: int, inserted: Callable[[], None]) -> None:
        """Returns or raises ConnectionError when the reader has gone away, or the card must come out and in again."""
        self._connection.settimeout(ACCEPTANCE_SECONDS)
        try:
            message = self._receive()
        except TimeoutError:
            raise VirtualReaderError(port=port, reason="silent") from None
        self._connection.settimeout(None)
        begun, noticed = time.monotonic(), False
        while message is not None:
            self._obey(message)
            if message == bytes([Control.POWER_ON]) and not noticed:
                noticed = True
                inserted()
            if not noticed and time.monotonic() > begun + POWER_SECONDS:
                return
            message = self._receive()

    def _obey(self, message: bytes) -> None:
        if len(message) != 1:
            self._answer(message)
        elif message[0] == Control.GET_ATR:
            self._send(self._atr)
        elif message[0] == Control.POWER_ON:
            self._atr = self._card.power_on()
            self._powered = True
        elif message[0] == Control.RESET:
            self._atr = self._card.reset()
            self._powered = True
        elif message[0] == Control.POWER_OFF:
            self._card.power_off()
            self._powered = False

    def _answer(self, command: bytes) -> None:
        try:
            # Without power no answer: pcscd may have missed, all the same, that the card was out for a moment.
            self._send(self._card.transmit(command) if self._powered else b"")
        except CardWithdrawn as withdrawn:
            if withdrawn.answer is not None:
                self._send(withdrawn.answer)
            raise

    def _send(self, message: bytes) -> None:
        self._connection.sendall(len(message).to_bytes(2, "big") + message)

    def _receive(self) -> bytes | None:
        """The next message; None when the reader has closed the connection."""
        length = self._exactly(2)
        return None if length is None else self._exactly(int.from_bytes(length, "big"))

    def _exactly(self, length: int) -> bytes | None:
        data = b""
        while len(data) < length:
            more = self._connection.recv(length - len(data))
            _acknowledge_at_once(self._connection)
            if not more:
                return None
            data += more
        return data


def _connect(port: int) -> socket.socket:
    try:
        connection = socket.create_connection(("127.0.0.1", port))
    except OSError:
        raise VirtualReaderError(port=port, reason="absent") from None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _acknowledge_at_once(connection)
    return connection


def _reconnect(port: int, seconds: float) -> socket.socket:
    while True:
        time.sleep(seconds)
        try:
            return _connect(port)
        except VirtualReaderError:
            seconds = ABSENCE_SECONDS


def _acknowledge_at_once(connection: socket.socket) -> None:
    """The driver sends length and bytes apart, and its kernel keeps the bytes until the length is acknowledged.

    A delayed acknowledgement would cost 44 ms an APDU. Linux takes the wish back at will, so it is repeated.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
