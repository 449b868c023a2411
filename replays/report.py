"""A game's analysis as plain data: what the JSON form holds and a viewer draws."""

from dataclasses import dataclass
from typing import TypedDict

from replays.analysis import Analysis, analyze
from replays.commentary import Commentary, Fact, comment
from replays.format import Replay
from replays.interest import Interest, interest
from replays.marks import Mark
from replays.playback import Playback


class MarkView(TypedDict):
    """A ply worth looking at; ``replays.marks.MarkKind`` says what the fields mean."""

    ply: int
    kind: str
    seat: int | None
    pair: list[int] | None
    amount: int | None
    better: int | None
    """The better action, 0 to 3."""
    line: list[int]
    """How it would have gone on: the rider's moves from ``better`` on and the other's in turn."""


class FactView(TypedDict):
    """What a sentence rests on; ``replays.commentary.FactKind`` says what the fields mean."""

    kind: str
    ply: int
    seat: int | None
    numbers: list[int]
    place: str | None


class SentenceView(TypedDict):
    """One sentence and the ply it is about."""

    text: str
    ply: int
    facts: list[FactView]


class AnalysisView(TypedDict):
    """What decided a game. Lists over plies start with the start and end with the end."""

    plies: int
    title: str
    tags: list[str]
    sentences: list[SentenceView]
    marks: list[MarkView]
    territory: list[list[int]]
    """``[seat][ply]``: cells that each rider reaches strictly first."""
    contested: list[int]
    """``[ply]``: cells that both reach at once."""
    reach: list[list[int]]
    """``[seat][ply]``: cells within each rider's reach."""
    room: list[list[list[int]]]
    """``[seat][low, high][ply]``: limits of the plies that each rider can still make; the lower
    one is 0 before the separation."""
    separation: int | None
    decided: int | None
    """The ply from which on the result was proved."""
    lead_changes: list[int]
    interest: float
    """0 to 100; see ``replays.interest``."""
    interest_parts: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything the territory pass says about a game."""

    analysis: Analysis
    commentary: Commentary
    interest: Interest


def report(replay: Replay, names: tuple[str, str]) -> Report:
    """Analyse a game; ``names`` are what its riders are called, by seat.

    Raises:
        ReplayDesyncError: the rules play it differently from what it records.
    """
    return report_of(Playback(replay), names)


def report_of(playback: Playback, names: tuple[str, str]) -> Report:
    """Analyse a game that was played again; see ``report``."""
    analysis = analyze(playback)
    return Report(
        analysis=analysis,
        commentary=comment(playback, analysis, names),
        interest=interest(playback, analysis),
    )


def analysis_view(replay: Replay, names: tuple[str, str]) -> AnalysisView:
    """Return a game's analysis, ready for JSON; see ``report``.

    Raises:
        ReplayDesyncError: the rules play it differently from what it records.
    """
    told = report(replay, names)
    analysis, counted = told.analysis, told.analysis.survey
    parts = {name: round(getattr(told.interest, name), 2) for name in Interest.__slots__}
    return AnalysisView(
        plies=replay.plies,
        title=told.commentary.title,
        tags=list(told.commentary.tags),
        sentences=[
            SentenceView(
                text=sentence.text, ply=sentence.ply, facts=[_fact(fact) for fact in sentence.facts]
            )
            for sentence in told.commentary.sentences
        ],
        marks=[mark_view(mark) for mark in analysis.marks],
        territory=counted.territory.T.tolist(),
        contested=counted.contested.tolist(),
        reach=counted.reach.T.tolist(),
        room=[
            [counted.room_low[:, seat].tolist(), counted.room_high[:, seat].tolist()]
            for seat in (0, 1)
        ],
        separation=counted.separation,
        decided=analysis.decided,
        lead_changes=list(analysis.lead_changes),
        interest=round(told.interest.score, 2),
        interest_parts=parts,
    )


def mark_view(mark: Mark) -> MarkView:
    """Return one mark, ready for JSON."""
    return MarkView(
        ply=mark.ply,
        kind=mark.kind.value,
        seat=None if mark.seat is None else int(mark.seat),
        pair=None if mark.pair is None else list(mark.pair),
        amount=mark.amount,
        better=None if mark.better is None else int(mark.better),
        line=[int(action) for action in mark.line],
    )


def _fact(fact: Fact) -> FactView:
    return FactView(
        kind=fact.kind.value,
        ply=fact.ply,
        seat=None if fact.seat is None else int(fact.seat),
        numbers=list(fact.numbers),
        place=fact.place,
    )
