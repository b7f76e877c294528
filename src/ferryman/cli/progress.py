"""Progress on stderr: bars on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from collections.abc import Sequence
from typing import Final, Protocol, Self

import msgspec
from rich.console import Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
)
from rich.text import Text

from ferryman.cli.out import console, shown

_EVERY: Final = 3.0
"""Seconds between plain lines."""


class Stage(msgspec.Struct, frozen=True):
    """How far one part of the work is: *done* of *total* (None when nobody knows).

    *figure* is what people count it in, where that is not *done* itself.
    """

    name: str
    done: int
    total: int | None
    figure: int
    unit: str


class Shows(Protocol):
    """What a command tells of its work."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def show(self, stages: Sequence[Stage], remark: str = "") -> None:
        """Show how far the work is, and a *remark* such as what it waits for."""


def progress() -> Shows:
    """Return bars where stderr is a terminal, else plain lines."""
    shown = console(stderr=True)
    is_terminal = sys.stderr.isatty() and not shown.is_dumb_terminal
    return _Bars() if is_terminal else _Lines()


class _Pace:
    """The rate of a figure and the seconds that remain, over the last moments."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int, int]] = []
        self._began = time.monotonic()
        self._whole: float | None = None

    def add(self, stage: Stage) -> None:
        now = time.monotonic()
        if stage.done != stage.total:
            self._whole = None
        elif self._whole is None and now > self._began:
            self._whole = stage.figure / (now - self._began)
        if not self._seen or now - self._seen[-1][0] >= 0.2:
            self._seen.append((now, stage.figure, stage.done))
            del self._seen[:-50]

    def rate(self) -> float | None:
        """Figures a second over the last ten seconds; over the whole time when it is over."""
        if self._whole is not None:
            return self._whole
        if len(self._seen) < 2:
            return None
        (start, first, _), (end, last, _) = self._seen[0], self._seen[-1]
        return (last - first) / (end - start)

    def remaining(self, stage: Stage) -> float | None:
        """Seconds until done is total, at this pace."""
        if len(self._seen) < 2 or not stage.total:
            return None
        (start, _, first), (end, _, last) = self._seen[0], self._seen[-1]
        left = stage.total - stage.done
        return left * (end - start) / (last - first) if last > first else None


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Lines:
    """One line every few seconds, for logs; the last one when the work is over."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _EVERY
        self._paces: dict[str, _Pace] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def show(self, stages: Sequence[Stage], remark: str = "") -> None:
        for stage in stages:
            self._paces.setdefault(stage.name, _Pace()).add(stage)
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        parts = [self._part(stage) for stage in stages]
        line = " · ".join([*parts, *([remark] if remark else [])])
        print(shown(line), file=sys.stderr, flush=True)

    def _part(self, stage: Stage) -> str:
        pace = self._paces[stage.name]
        share = f" ({100 * stage.done // stage.total} %)" if stage.total else ""
        rate = pace.rate()
        text = f"{stage.name} {stage.figure:,} {stage.unit}{share}"
        if rate is not None:
            text += f", {rate:,.0f}/s"
        if stage.total and (left := pace.remaining(stage)) is not None:
            text += f", {_clock(left)} left"
        return text


class _Figures(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.fields['figure']:>10,} {task.fields['unit']}")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        rate = task.fields["pace"].rate()
        return Text("" if rate is None else f"{rate:>7,.0f}/s", style="cyan")


class _Left(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_clock(task.fields["left"]), style="dim")


class _Bars:
    """A bar for each stage and the remark beneath."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            _Figures(),
            _Rate(),
            _Left(),
            expand=True,
        )
        self._live = Live(self._progress, console=console(stderr=True), refresh_per_second=8)
        self._tasks: dict[str, tuple[TaskID, _Pace]] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.update(self._progress)
        self._live.stop()

    def show(self, stages: Sequence[Stage], remark: str = "") -> None:
        for stage in stages:
            if stage.name not in self._tasks:
                pace = _Pace()
                task = self._progress.add_task(
                    f"{stage.name:<9}", figure=0, unit=stage.unit, pace=pace, left=None
                )
                self._tasks[stage.name] = (task, pace)
            task, pace = self._tasks[stage.name]
            pace.add(stage)
            self._progress.update(
                task,
                completed=stage.done,
                total=stage.total,
                figure=stage.figure,
                left=0.0 if stage.done == stage.total else pace.remaining(stage),
            )
        shown = Group(self._progress, Text(remark, style="yellow")) if remark else self._progress
        self._live.update(shown)
