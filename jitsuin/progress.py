"""How far a batch is, on standard error: a bar on a terminal, a line now and then elsewhere, nothing if asked for.

It has no thread of its own: it draws when something has happened, so that nothing runs while processes are forked or a
PIN is asked for. What it shows of a file is its name, made safe to show.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from .batch_results import Event, FileBegun, FileEnded, FileState, Phase, PhaseBegun
from .language import say
from .report import printable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import RenderableType
    from rich.live import Live

_WORDS: Final = {
    Phase.REHEARSING: ("checking", "確認"),
    Phase.SIGNING: ("signing", "署名"),
    Phase.VERIFYING: ("verifying", "検証"),
}
_REDRAW_SECONDS: Final = 0.1
_RATE_SECONDS: Final = 10.0
"""The rate is that of so long a time."""
_LINE_SECONDS: Final = 10.0
"""After so long a plain line comes in any case, and before one second none but the last."""
_LINE_SHARE: Final = 0.1
_LEAST_SECONDS: Final = 1.0

Clock = Callable[[], float]


class Progress:
    """What a batch calls with its events. Itself it shows nothing: that is `--quiet`, too.

    A context manager: however it is left, the terminal is as it was.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self.phase: Phase | None = None
        self.total = self.done = self.failed = 0
        self.current = ""
        self._begun = 0.0
        self._samples: deque[tuple[float, int]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hide()

    def __call__(self, event: Event) -> None:
        """Take note, and show it if it is time."""
        match event:
            case PhaseBegun(phase, total):
                self._hide()
                self.phase, self.total, self.done, self.failed, self.current = phase, total, 0, 0, ""
                self._begun = self.clock()
                self._samples = deque([(self._begun, 0)])
                if total:
                    self._show()
            case FileBegun(_, name):
                self.current = name
                self._show()
            case FileEnded(_, _, state):
                self.done += 1
                self.failed += state is FileState.FAILED
                self._show()
                if self.done >= self.total:
                    self._hide()
                    self._close()
            case _:
                pass  # what became of a file is for the command to say

    def echo(self, text: str, *, err: bool = False) -> None:
        """Print what is no progress: a result, or an error, without getting in each other's way."""
        click.echo(text, err=err)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While a person is asked something, nothing is drawn."""
        self._hide()
        yield

    @property
    def elapsed(self) -> float:
        """Seconds since the phase began."""
        return self.clock() - self._begun

    @property
    def rate(self) -> float:
        """Files a second, lately; 0 as long as nothing can be said."""
        now = self.clock()
        self._samples.append((now, self.done))
        while len(self._samples) > 2 and now - self._samples[0][0] > _RATE_SECONDS:
            self._samples.popleft()
        then, count = self._samples[0]
        return (self.done - count) / (now - then) if now > then else 0.0

    def words(self) -> list[str]:
        """Of the line: how many, how fast, how long still or how long it took, how many failed."""
        ended, elapsed = self.done >= self.total, self.elapsed
        rate = self.done / elapsed if ended and elapsed else self.rate
        parts = [f"{self.done:,}/{self.total:,}"]
        if rate:
            parts.append(say(f"{_number(rate)} files/s", f"{_number(rate)}件/秒"))
        if rate and not ended:
            left = _clock((self.total - self.done) / rate)
            parts.append(say(f"{left} left", f"残り{left}"))
        if ended:
            parts.append(say(f"took {_clock(elapsed)}", f"所要{_clock(elapsed)}"))
        if self.failed:
            parts.append(say(f"{self.failed:,} failed", f"失敗{self.failed:,}件"))
        return parts

    def title(self) -> str:
        """What is being done."""
        return say(*_WORDS[self.phase]) if self.phase else ""

    def _show(self) -> None:
        """Draw, if it is time."""

    def _hide(self) -> None:
        """Take away what is drawn."""

    def _close(self) -> None:
        """The last word on a phase."""


class PlainProgress(Progress):
    """A line on standard error at every tenth of the files or every ten seconds."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        super().__init__(clock)
        self._last: tuple[float, int] = (0.0, 0)

    def __call__(self, event: Event) -> None:
        if isinstance(event, PhaseBegun):
            self._last = (self.clock(), 0)
        super().__call__(event)

    def _show(self) -> None:
        then, count = self._last
        waited, share = self.clock() - then, (self.done - count) / max(self.total, 1)
        if self.done < self.total and (waited >= _LINE_SECONDS or (waited >= _LEAST_SECONDS and share >= _LINE_SHARE)):
            self._line()

    def _close(self) -> None:
        if self.elapsed >= _LEAST_SECONDS:
            self._line()

    def _line(self) -> None:
        self._last = (self.clock(), self.done)
        click.echo(f"{self.title()}: {', '.join(self.words())}", err=True)


class TerminalProgress(Progress):
    """A bar, how far and how fast, and the file in hand, redrawn in place."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        super().__init__(clock)
        self._live: Live | None = None
        self._drawn = 0.0
        self._above: list[str] = []

    def echo(self, text: str, *, err: bool = False) -> None:
        """Above the bar, with what else comes until it is drawn again. What goes to a file or a pipe goes there."""
        if self._live is not None and (err or sys.stdout.isatty()):
            self._above.append(text)
        else:
            click.echo(text, err=err)

    def _show(self) -> None:
        if self._live is None:
            self._live = self._started()
        now = self.clock()
        if now - self._drawn >= _REDRAW_SECONDS or self.done == self.total:
            self._drawn = now
            self._print_above()
            self._live.update(self._picture(), refresh=True)

    def _hide(self) -> None:
        if self._live is not None:
            self._print_above()
            self._live.stop()
            self._live = None

    def _print_above(self) -> None:
        from rich.text import Text

        if self._live is not None and self._above:
            # The same terminal, whichever stream: through the one that knows of the bar.
            self._live.console.print(Text("\n".join(self._above)), soft_wrap=True, highlight=False)
            self._above.clear()

    def _close(self) -> None:
        if self.elapsed >= _LEAST_SECONDS:
            click.echo(f"{self.title()}: {', '.join(self.words())}", err=True)

    def _started(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        # A stray word to standard error goes above the bar; standard output may be a file, and is left alone.
        console = Console(stderr=True, highlight=False)
        live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        live.start()
        return live

    def _picture(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        line.add_row(self.title(), ProgressBar(max(self.total, 1), self.done), "  ".join(self.words()))
        return Group(line, Text(_one_line(self.current), style="dim", no_wrap=True, overflow="ellipsis"))


def progress(*, quiet: bool) -> Progress:
    """What fits standard error."""
    if quiet:
        return Progress()
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return TerminalProgress()
    return PlainProgress()


def _one_line(name: str) -> str:
    return printable(name) or " "


def _number(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
