"""Watches the readers of a pcscd for the tests, in a process of its own: libpcsclite finds one pcscd in its lifetime.

The first line that it prints is the list of the readers, once there are as many as the argument says. Each line that it
reads, `[reader, present]`, is answered when that is so. Everything is JSON. No card is touched.
"""

from __future__ import annotations

import json
import sys
import time

from smartcard import scard

INTERVAL_MS = 1000


def readers(context: object, count: int) -> list[str]:
    while True:
        status, names = scard.SCardListReaders(context, [])
        if status == scard.SCARD_S_SUCCESS and len(names) >= count:
            return list(names)
        time.sleep(0.02)


def establish() -> object:
    while True:
        status, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        if status == scard.SCARD_S_SUCCESS:
            return context
        time.sleep(0.02)


def wait(context: object, reader: str, present: bool) -> None:
    known = scard.SCARD_STATE_UNAWARE
    while True:
        status, states = scard.SCardGetStatusChange(context, INTERVAL_MS, [(reader, known)])
        if status not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT):
            raise SystemExit(scard.SCardGetErrorMessage(status))
        known = states[0][1]
        if bool(known & scard.SCARD_STATE_PRESENT) is present:
            return


def main() -> None:
    context = establish()
    print(json.dumps(readers(context, int(sys.argv[1]))), flush=True)
    for line in sys.stdin:
        wait(context, *json.loads(line))
        print("true", flush=True)


if __name__ == "__main__":
    main()
