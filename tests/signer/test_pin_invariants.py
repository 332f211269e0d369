"""The PIN rules as invariants: whatever happens, in whatever order, to whoever runs us on a shared card."""

from __future__ import annotations

import json
import logging
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from jitsuin.signer.errors import NoCardError, TokenInUseError
from jitsuin.signer.simulator import Quirks, SimulatedCard
from jitsuin.signer.simulator.card import STATE_FILE
from shared_reader import SELECT_JPKI, SharedReader, Virtues
from watched_run import Fault, Happening, Moment, Pin, Plan, Side, Step, WatchedRun

SELECT_ANOTHER = bytes.fromhex("00A4040C0AD3921000310001010408")
SELECT_AUTHENTICATION_PIN = bytes.fromhex("00A4020C020018")

GARBAGE = [
    bytes.fromhex(answer)
    for answer in (
        "", "90", "0000", "FFFF", "9000", "DEADBEEF9000", "6110", "6C10", "6281", "6300", "63C0", "63D5", "6700",
        "6982", "6983", "6986", "6A82", "6A88", "6D00", "6F00",
    )
]  # fmt: skip
"""Answers that a disturbed line may make up. None is the counter of a PIN that is not blocked: a plausible lie about
that would be believed."""

THROW_AWAY = bytes.fromhex("00A40000")
OTHERS_COMMANDS = {
    Happening.OTHER_APPLICATION_SELECTED: (THROW_AWAY, SELECT_ANOTHER),
    Happening.SAME_APPLICATION_SELECTED: (THROW_AWAY, SELECT_JPKI),
    Happening.AUTHENTICATION_PIN_FILE_SELECTED: (THROW_AWAY, SELECT_JPKI, SELECT_AUTHENTICATION_PIN),
    Happening.AUTHENTICATION_PIN_VERIFIED: (THROW_AWAY, SELECT_JPKI, bytes.fromhex("0020009804") + b"1234"),
    Happening.AUTHENTICATION_PIN_WRONG_ELSEWHERE: (THROW_AWAY, SELECT_JPKI, bytes.fromhex("0020009804") + b"9999"),
    Happening.SIGNATURE_PIN_VERIFIED_ELSEWHERE: (THROW_AWAY, SELECT_JPKI, bytes.fromhex("0020009B0A") + b"JITSUIN123"),
    Happening.SIGNATURE_PIN_WRONG_ELSEWHERE: (THROW_AWAY, SELECT_JPKI, bytes.fromhex("0020009B06") + b"OTHERS"),
}
PIN_FORMS = tuple(
    form
    for text in {text for pin in Pin if pin.text for text in (pin.text, pin.text.upper())}
    for form in (
        text,
        text.encode().hex(),
        text.encode().hex().upper(),
        text.encode().hex(" "),
        text.encode().hex(" ").upper(),
        repr(list(text.encode()))[1:-1],
    )
)
"""A PIN as it may show in a log or an error."""
ONCE = [step for step in Step if step is not Step.OTHER]
EXAMPLES, STEPS = 250, 10
GOOD = Virtues()
WEAK = Virtues(keeps_others_out=False, tells_of_resets=False, cuts_power=False)


class Scene:
    """A card in a shared reader, the people and programs around it, and the breaches seen so far."""

    def __init__(self, card: SimulatedCard, tally: Counter[str]) -> None:
        self.card = card
        self.tally = tally
        self.breaches: list[str] = []
        self.log: list[logging.LogRecord] = []
        self.reader: SharedReader | None = None

    @contextmanager
    def set_up(self, virtues: Virtues, quirks: Quirks = Quirks(), tries: int = 5) -> Iterator[SharedReader]:  # noqa: B008 - frozen
        """The card in such a reader, with so many tries left, and all logging listened to."""
        state = json.loads((self.card.folder / STATE_FILE).read_bytes())
        state["pins"]["001B"]["tries_left"], state["pins"]["0018"]["tries_left"] = tries, 3
        (self.card.folder / STATE_FILE).write_text(json.dumps(state))
        root, handler = logging.getLogger(), logging.Handler(1)
        handler.emit = self.log.append  # type: ignore[method-assign]
        level = root.level
        root.addHandler(handler)
        root.setLevel(1)
        self.reader = SharedReader(self.card, virtues, quirks)
        self.reader.insert()
        try:
            yield self.reader
        finally:
            self.reader.remove()
            root.setLevel(level)
            root.removeHandler(handler)

    def run(self, plan: Plan) -> WatchedRun:
        assert self.reader is not None
        run = WatchedRun(plan, self.reader, self.happen, self.tally)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            run()
        said = [str(warning.message) for warning in warned]
        said += [text for record in self.log for text in (record.getMessage(), repr(vars(record)))]
        said += everything_said(run.error) if run.error is not None else []
        self.breaches += run.breaches
        self.breaches += [f"a PIN is in {text!r}" for text in said for form in PIN_FORMS if form in text]
        return run

    def happen(self, what: Happening) -> bool:
        """What others do; false if the reader does not let them."""
        assert self.reader is not None
        if what is Happening.SECOND_RUN:
            return self.run(Plan(Pin.RIGHT)).connected
        if what is Happening.REMOVED:
            self.reader.remove()
        elif what is Happening.INSERTED:
            self.reader.insert()
        else:
            try:
                other = self.reader.connect(exclusive=False)
            except (NoCardError, TokenInUseError):
                return False
            if what in (Happening.RESET, Happening.UNPOWERED):
                other.reset(cold=what is Happening.UNPOWERED)
            for command in OTHERS_COMMANDS.get(what, ()):
                other.transmit(command)
            other.close()
        return True


def everything_said(error: BaseException) -> Iterator[str]:
    """All that may be printed of an error: the whole chain, its facts, and our functions' variables."""
    chain: list[BaseException] = [error]
    for link in chain:
        yield from (str(link), repr(link), repr(link.args), repr(vars(link)), *traceback.format_exception(link))
        chain += [other for other in (link.__cause__, link.__context__) if other is not None and other not in chain]
        summary = traceback.TracebackException.from_exception(link, capture_locals=True)
        for frame in summary.stack:
            if "jitsuin" in Path(frame.filename).parts:
                yield repr(frame.locals)


def scripts() -> st.SearchStrategy[dict[Moment, Happening | Fault | bytes]]:
    moments = st.one_of(
        st.tuples(st.sampled_from(Side), st.sampled_from(ONCE), st.just(0)),
        st.tuples(st.sampled_from(Side), st.just(Step.READ), st.integers(0, 5)),
        st.tuples(st.sampled_from(Side), st.just(Step.SIGN), st.integers(0, 1)),
    )
    what = st.one_of(st.sampled_from(Happening), st.sampled_from(Fault), st.sampled_from(GARBAGE))
    return st.dictionaries(moments, what, min_size=1, max_size=4)


PLANS = st.builds(
    Plan,
    pin=st.one_of(st.just(Pin.RIGHT), st.sampled_from(Pin)),
    signatures=st.integers(0, 2),
    allow_last_try=st.booleans(),
    stubborn=st.booleans(),
    script=scripts(),
)


class CitizensCard(RuleBasedStateMachine):
    """The life of a card: run after run of ours, whole or disturbed, and what happens in between."""

    def __init__(self, card: SimulatedCard, tally: Counter[str]) -> None:
        super().__init__()
        self.scene = Scene(card, tally)
        self.life = ExitStack()
        self.reader: SharedReader

    def teardown(self) -> None:
        self.life.close()

    @initialize(
        virtues=st.builds(Virtues),
        quirks=st.builds(
            Quirks, first_command_fails=st.booleans(), silent_counter=st.booleans(), short_identifiers=st.booleans()
        ),
        tries=st.sampled_from((5, 1, 2, 5, 1, 0, 3)),
    )
    def the_card_is_put_in(self, virtues: Virtues, quirks: Quirks, tries: int) -> None:
        self.reader = self.life.enter_context(self.scene.set_up(virtues, quirks, tries))

    @rule(plan=PLANS)
    def we_run(self, plan: Plan) -> None:
        self.reader.insert()
        self.scene.run(plan)

    @rule(pin=st.sampled_from(Pin), allow_last_try=st.booleans())
    def we_run_undisturbed(self, pin: Pin, allow_last_try: bool) -> None:
        """What the rules cost nobody: a right password signs, unless the rules say that it must not be tried."""
        self.reader.insert()
        if self.reader.would_sign():
            return  # another program's PIN has opened it: some cards do not tell the counter then
        tries = self.reader.counters.signature
        may_try = tries > 1 or (tries == 1 and allow_last_try)
        run = self.scene.run(Plan(pin, signatures=2, allow_last_try=allow_last_try))
        assert run.signatures == (2 if pin.is_right_password and may_try else 0)
        assert self.reader.counters.signature == (5 if run.signatures else tries - (pin.is_wrong_password and may_try))

    @rule(what=st.sampled_from(Happening))
    def something_happens(self, what: Happening) -> None:
        if self.scene.happen(what) and what in (Happening.UNPOWERED, Happening.REMOVED):
            assert not self.reader.would_sign()  # this ends what a killed run may have left open

    @invariant()
    def the_rules_are_kept(self) -> None:
        assert self.scene.breaches == []


def test_the_rules_hold_whatever_happens(card: Callable[[], SimulatedCard]) -> None:
    """Many things in one run, run after run on the same card."""
    tally: Counter[str] = Counter()
    run_state_machine_as_test(
        partial(CitizensCard, card(), tally),
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    for what in ("VERIFY", "signature", "try spent", *(f"pin {pin.name}" for pin in Pin if pin is not Pin.NOT_ASKED)):
        assert tally[what], what  # or the machine has not tested what it says


@pytest.mark.parametrize(
    ("pin", "virtues", "quirks"),
    [
        (Pin.RIGHT, GOOD, Quirks()),
        (Pin.RIGHT, WEAK, Quirks(short_identifiers=False)),
        (Pin.WRONG, WEAK, Quirks()),
        (Pin.NOT_ASKED, WEAK, Quirks()),
    ],
    ids=["right-good", "right-weak", "wrong-weak", "look-weak"],
)
def test_the_rules_hold_whatever_happens_at_any_moment(
    card: Callable[[], SimulatedCard], pin: Pin, virtues: Virtues, quirks: Quirks
) -> None:
    """One thing in one run: each at each moment of it. After a run that was killed the next one works, and closes."""
    tally: Counter[str] = Counter()
    scene = Scene(card(), tally)
    plan = Plan(pin, signatures=2, stubborn=True)
    with scene.set_up(virtues, quirks):
        moments = scene.run(plan).moments
    assert len(moments) > 10
    for moment in moments:
        for what in (*Happening, *Fault, *(GARBAGE if moment[0] is Side.AFTER else ())):
            with scene.set_up(virtues, quirks) as reader:
                if scene.run(replace(plan, script={moment: what})).killed:
                    assert scene.run(Plan(Pin.RIGHT)).signatures == 1
                    assert reader.counters.signature == 5
                assert scene.breaches == [], (moment, what)
    assert tally["VERIFY"] > 100
