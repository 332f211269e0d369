"""One run of ours on a shared card, with everything that may go wrong at every moment of it, under the eyes of a judge.

The run is `JpkiSigner` from the first command to leaving. Before and after each command of it, at the prompt and when
the reader is let go of, the script makes things happen: other programs act, the card is pulled out, the process is
interrupted or killed, the answer is garbage. The judge notes every breach of the PIN rules.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto

from jitsuin.signer.base import PinRequest, SignatureScheme, SignerOptions
from jitsuin.signer.errors import CardRemovedError, CardTimeoutError, NoCardError, PinCancelledError, TokenInUseError
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from shared_reader import Session, SharedReader

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


class Step(StrEnum):
    """What our program does next."""

    SELECT_JPKI = auto()
    SELECT_FILE = auto()
    READ = auto()
    QUERY = auto()
    PROMPT = auto()
    VERIFY = auto()
    SIGN = auto()
    LEAVE = auto()
    """Another application is selected."""
    CLOSE = auto()
    """The reader is let go of."""
    OTHER = auto()


class Side(StrEnum):
    BEFORE = auto()
    AFTER = auto()


class Happening(StrEnum):
    """What a person, another program or the system does to a run, or between runs."""

    REMOVED = auto()
    INSERTED = auto()
    RESET = auto()
    UNPOWERED = auto()
    OTHER_APPLICATION_SELECTED = auto()
    SAME_APPLICATION_SELECTED = auto()
    AUTHENTICATION_PIN_FILE_SELECTED = auto()
    AUTHENTICATION_PIN_VERIFIED = auto()
    AUTHENTICATION_PIN_WRONG_ELSEWHERE = auto()
    SIGNATURE_PIN_VERIFIED_ELSEWHERE = auto()
    SIGNATURE_PIN_WRONG_ELSEWHERE = auto()
    SECOND_RUN = auto()
    """Another run of ours, from beginning to end."""


class Fault(StrEnum):
    """What strikes our process or its line to the card."""

    INTERRUPTED = auto()
    TERMINATED = auto()
    KILLED = auto()
    TIMED_OUT = auto()


class Pin(Enum):
    """What the person does at the prompt."""

    RIGHT = SIGNATURE_PASSWORD
    RIGHT_IN_LOWER_CASE = SIGNATURE_PASSWORD.lower()
    WRONG = "WRONG98765"
    WRONG_IN_LOWER_CASE = "mistyped4321"
    EMPTY = ""
    TOO_SHORT = "QX7ZV"
    TOO_LONG = "QX7ZVWKQX7ZVWKQX7"
    FULL_WIDTH = "ＪＩＴＳＵＩＮ１２３"
    WITH_A_SPACE = "JITSUIN123 "
    CANCELLED = PinCancelledError
    END_OF_INPUT = EOFError
    INTERRUPTED = KeyboardInterrupt
    NOT_ASKED = None
    """The run only looks at the card."""

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    @property
    def is_wrong_password(self) -> bool:
        return self in (Pin.WRONG, Pin.WRONG_IN_LOWER_CASE)

    @property
    def is_right_password(self) -> bool:
        return self in (Pin.RIGHT, Pin.RIGHT_IN_LOWER_CASE)


Moment = tuple[Side, Step, int]
"""Before or after the n-th such step, counted from 0."""
Script = Mapping[Moment, Happening | Fault | bytes]
"""What happens when. Bytes are what our program receives in place of the card's answer."""


class Killed(BaseException):
    """Our process is no more. What unwinds from here on reaches no card."""


@dataclass(frozen=True)
class Plan:
    """A run: what the person types, what is asked of the signer, and what comes between."""

    pin: Pin
    signatures: int = 1
    allow_last_try: bool = False
    stubborn: bool = False
    """The program tries again whatever fails, with the same signer."""
    script: Script = field(default_factory=dict)


class WatchedRun:
    """The run, which is its own transport: it stands between the signer and the reader, and sees every command."""

    def __init__(
        self, plan: Plan, reader: SharedReader, happen: Callable[[Happening], bool], tally: Counter[str]
    ) -> None:
        """`happen` says whether it could; `tally` counts what has come about, to show that the test tests."""
        self.breaches: list[str] = []
        self.error: BaseException | None = None
        self.killed = False
        self.signatures = 0
        self.moments: list[Moment] = []
        self._plan = plan
        self._reader = reader
        self._happen = happen
        self._tally = tally
        self._session: Session | None = None
        self._steps: Counter[Step] = Counter()
        self._garbage: bytes | None = None
        self._asked = 0
        self._verifies = 0
        self._told: int | None = None
        self._counter_when_told = 0
        self._previous: Step | None = None
        self._others_since_select = False
        self._close_tried = False
        self._opened_elsewhere = False
        self._not_left = False
        self._not_closed = False

    def __call__(self) -> None:
        """Do it all, and judge how it ends."""
        plan = self._plan
        looking = plan.pin is Pin.NOT_ASKED
        was_open = self._reader.would_sign()
        try:
            self._session = self._reader.connect(exclusive=not looking)
        except (NoCardError, TokenInUseError):
            return
        try:
            options = SignerOptions(None if looking else self._ask, AT, plan.allow_last_try)
            with JpkiSigner(self, options) as signer:
                if looking:
                    signer.describe()
                for number in range(plan.signatures):
                    self._sign(signer, b"document %d" % number)
        except BaseException as error:  # noqa: BLE001 - Ctrl-C, too, is one of the ends that are judged
            self.error = error
        if not self.killed:
            self._judge_end(was_open)
            self._session.die()  # if leaving was struck: the process ends all the same

    @property
    def connected(self) -> bool:
        """Whether the reader let us to the card."""
        return self._session is not None

    # The transport

    @property
    def name(self) -> str:
        return self._reader.card.name

    @property
    def atr(self) -> bytes:
        return self._reader.atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        if self.killed:
            raise Killed
        assert self._session is not None
        step = _step(command)
        # Until the card has it, it has not been left.
        self._not_left |= step is Step.LEAVE
        self._pass(Side.BEFORE, step)
        if step is Step.VERIFY:
            self._judge_verify(bytes(command))
        before = self._reader.counters
        answer = self._session.transmit(command)
        self._judge_counters(step, bytes(command), before.signature, before.authentication)
        if step is Step.LEAVE:
            self._not_left = False
        if step is Step.SELECT_FILE:
            self._others_since_select = False
        self._previous = step
        self._pass(Side.AFTER, step)
        self._steps[step] += 1
        if self._garbage is not None:
            answer, self._garbage = self._garbage, None
        if step is Step.QUERY:
            self._told = _tries(answer)
            self._counter_when_told = self._reader.counters.signature
        return answer

    def close(self) -> None:
        if self.killed:
            return
        assert self._session is not None
        self._not_closed = self._close_tried = True
        self._pass(Side.BEFORE, Step.CLOSE)
        self._session.close()
        self._not_closed = not self._reader.virtues.cuts_power

    # What comes between

    def _ask(self, request: PinRequest) -> str:
        self._asked += 1
        self._check(self._asked == 1, "the person was asked twice")
        self._pass(Side.BEFORE, Step.PROMPT)
        self._tally[f"pin {self._plan.pin.name}"] += 1
        if isinstance(self._plan.pin.value, type):
            raise self._plan.pin.value
        assert self._plan.pin.text is not None
        return self._plan.pin.text

    def _sign(self, signer: JpkiSigner, document: bytes) -> None:
        for last in (not self._plan.stubborn, True):
            try:
                signer.sign(document, SignatureScheme.RSA_SHA256)
            except BaseException:  # a program with a window may survive Ctrl-C, too
                if last or self.killed:
                    raise
            else:
                self.signatures += 1
                self._tally["signature"] += 1
                return

    def _pass(self, side: Side, step: Step) -> None:
        """A moment goes by, with what the script has for it."""
        moment = side, step, self._steps[step]
        self.moments.append(moment)
        what = self._plan.script.get(moment)
        if isinstance(what, bytes):
            self._garbage = what
            self._tally["garbage"] += 1
        elif isinstance(what, Happening):
            if self._happen(what):
                self._tally[f"in a run: {what}"] += 1
                self._others_since_select = True
                if what in (Happening.SIGNATURE_PIN_VERIFIED_ELSEWHERE, Happening.SECOND_RUN):
                    self._opened_elsewhere = True
                    self._not_left = True
        elif what is not None:
            self._tally[f"in a run: {what}"] += 1
            self._strike(what)

    def _strike(self, fault: Fault) -> None:
        match fault:
            case Fault.INTERRUPTED:
                raise KeyboardInterrupt
            case Fault.TERMINATED:
                raise SystemExit(143)
            case Fault.TIMED_OUT:
                raise CardTimeoutError(token=self.name, seconds=10.0)
            case Fault.KILLED:
                assert self._session is not None
                self.killed = True
                self._session.die()
                raise Killed

    # The judge

    def _check(self, holds: bool, rule: str) -> None:
        # Collected, not raised: the program under test may catch what is raised here.
        if not holds:
            self.breaches.append(rule)

    def _judge_verify(self, command: bytes) -> None:
        """A PIN is about to go to the card."""
        self._verifies += 1
        self._tally["VERIFY"] += 1
        presented, typed = command[5:], (self._plan.pin.text or "").upper().encode()
        self._check(self._verifies == 1, "a second VERIFY")
        self._check(presented == typed, "presented is not what was typed")
        self._check(re.fullmatch(rb"[A-Z0-9]{6,16}", presented) is not None, "presented cannot be a password")
        self._check(self._told is not None, "VERIFY with an unknown counter")
        self._check(self._told != 0, "VERIFY of a blocked PIN")
        self._check(self._told != 1 or self._plan.allow_last_try, "VERIFY at one try left")
        tries = self._reader.counters.signature
        # No rule of ours can prevent that another program spends a try between question and VERIFY: the reader must.
        spent_elsewhere = not self._reader.virtues.keeps_others_out and tries < self._counter_when_told
        self._check(tries > 1 or self._plan.allow_last_try or spent_elsewhere, "VERIFY at one try left, not told so")

    def _judge_counters(self, step: Step, command: bytes, signature: int, authentication: int) -> None:
        """The card has had the command."""
        now = self._reader.counters
        spent = signature - now.signature
        if spent > 0:
            self._tally["try spent"] += 1
            self._check(spent == 1, "more than one try spent")
            self._check(step is Step.VERIFY and self._plan.pin.is_wrong_password, "a try spent on no wrong password")
        # A card without short file identifiers has to be told the file by one command and the PIN by the next. Only a
        # reader that keeps others out can prevent that one of them selects the other PIN's file in between.
        selected = command[3] == 0x80 and self._previous is Step.SELECT_FILE
        misled = selected and self._others_since_select and not self._reader.virtues.keeps_others_out
        self._check(now.authentication == authentication or misled, "the authentication PIN was touched")

    def _judge_end(self, was_open: bool) -> None:
        assert self._session is not None
        is_open = self._reader.would_sign()
        self._tally[f"end: {type(self.error).__name__ if self.error else 'done'}"] += 1
        self._check(self._close_tried, "the reader is not let go of")
        if isinstance(self._session.lost, CardRemovedError):
            return  # what we had opened ended there; what is there now is not ours
        if self._plan.pin is Pin.NOT_ASKED:
            self._check(not is_open or was_open or self._opened_elsewhere, "a look has opened the card")
            return
        if self._not_left and self._not_closed:
            return  # struck on both ways out: docs/pin-safety.md says so
        self._check(not is_open, "the card signs for the next program")


def _step(command: bytes | bytearray) -> Step:
    match command[1], command[2], len(command):
        case 0xA4, 0x04, _:
            return Step.SELECT_JPKI if command[5] == 0xD3 else Step.LEAVE
        case 0xA4, _, _:
            return Step.SELECT_FILE
        case 0xB0, _, _:
            return Step.READ
        case 0x20, _, length:
            return Step.QUERY if length <= 5 else Step.VERIFY
        case 0x2A, _, _:
            return Step.SIGN
    return Step.OTHER


def _tries(answer: bytes) -> int | None:
    """The counter that an answer to an empty VERIFY tells; None if it tells none."""
    if answer in (b"\x69\x83", b"\x69\x84"):
        return 0
    return answer[1] & 0x0F if len(answer) == 2 and answer[0] == 0x63 and answer[1] & 0xF0 == 0xC0 else None
