"""A game in two to five sentences of plain English, each resting on facts that can be checked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from replays.analysis import Analysis
from replays.facts import END_OF, result_text
from replays.marks import CUT_OFF_PLIES, Mark, MarkKind, distances, fight_end
from replays.places import gained_place, place_of
from replays.playback import Playback
from replays.titles import between, decisive_trap, tags_of, title_of
from tron_env.types import DeathCause, Seat

MOST_SENTENCES: Final = 5


class FactKind(StrEnum):
    """What a fact states; numbers and place mean something else for each."""

    START = "start"
    """The heads are numbers[0] cells apart."""
    FACE_OFF = "face_off"
    """The heads are numbers[0] cells apart, at place."""
    FIRST_CONTACT = "first_contact"
    """The head of seat, at place, is the first within two cells of the other's trail."""
    NO_CONTACT = "no_contact"
    """Up to here no head came within two cells of the other's trail."""
    LEAD_CHANGES = "lead_changes"
    """A clear lead in territory has changed hands numbers[0] times, the last time here."""
    CUT_OFF = "cut_off"
    """Seat has numbers[0] cells of territory, the other numbers[1]; it gained most at place."""
    SEPARATION = "separation"
    """The riders can never meet again; numbers are the cells within each one's reach, by seat."""
    DECIDED = "decided"
    """Seat can make at most numbers[0] more plies, the other at least numbers[1]."""
    SELF_TRAP = "self_trap"
    """After its move seat has room for at most numbers[0] plies; numbers[1] were possible."""
    POCKET = "pocket"
    """Seat's move leaves numbers[0] cells within its reach; another left numbers[1]."""
    MISSED_WIN = "missed_win"
    """Best play would have won for seat before its move, and does not after it."""
    MISSED_DRAW = "missed_draw"
    """Best play would have drawn for seat before its move, and loses after it."""
    NO_WAY = "no_way"
    """Seat dies with no free cell beside it; the other has numbers[0] plies or cells left."""
    CRASH = "crash"
    """Seat dies although numbers[0] cells were open beside it."""
    HEAD_ON = "head_on"
    """Both take one cell, at place; the seat, if any, could have gone where the other could not."""
    RESULT = "result"
    """How the record says that the game ended."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One checkable statement about one ply."""

    kind: FactKind
    ply: int
    seat: Seat | None = None
    numbers: tuple[int, ...] = ()
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and what it rests on."""

    text: str
    ply: int
    """Where a viewer should jump to."""
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Commentary:
    """What to say about a game."""

    title: str
    tags: tuple[str, ...]
    sentences: tuple[Sentence, ...]


def comment(playback: Playback, analysis: Analysis, names: tuple[str, str]) -> Commentary:
    """Return title, tags and sentences for a game."""
    marks = {mark.kind: mark for mark in reversed(analysis.marks)}
    swings = _swings(playback, analysis)
    parts = [
        _opening(playback, analysis, marks, names),
        _cut_off(playback, analysis, marks, names),
        _mistake(playback, analysis, names),
        _separation(playback, analysis, marks, names),
    ]
    sentences = [part for part in parts if part is not None]
    # A cut-off says more than the changes of lead before it.
    if swings is not None and len(sentences) < MOST_SENTENCES - 1:
        sentences.append(swings)
    sentences.sort(key=lambda sentence: sentence.ply)
    sentences = [*(sentences or [_start(playback)]), _ending(playback, analysis, names)]
    return Commentary(
        title=title_of(playback, analysis, marks, names),
        tags=tags_of(playback, analysis, marks),
        sentences=tuple(sentences),
    )


def _start(playback: Playback) -> Sentence:
    apart = int(distances(playback)[0])
    fact = Fact(FactKind.START, 0, numbers=(apart,))
    return Sentence(f"The riders start {apart} cells apart.", 0, (fact,))


def _opening(
    playback: Playback, analysis: Analysis, marks: dict[MarkKind, Mark], names: tuple[str, str]
) -> Sentence | None:
    shape = (playback.replay.ruleset.height, playback.replay.ruleset.width)
    face_off = marks.get(MarkKind.FACE_OFF)
    if face_off is not None and face_off.amount is not None:
        ply = face_off.ply
        place = between(playback, ply)
        fact = Fact(FactKind.FACE_OFF, ply, numbers=(face_off.amount,), place=place)
        text = f"The riders face off in {place} at ply {ply}, {face_off.amount} cells apart."
        return Sentence(text, ply, (fact,))
    contact = marks.get(MarkKind.FIRST_CONTACT)
    if contact is not None and contact.seat is not None and contact.ply > 0:
        row, col = playback.heads[contact.ply, contact.seat].tolist()
        place = place_of(row, col, shape)
        fact = Fact(FactKind.FIRST_CONTACT, contact.ply, contact.seat, place=place)
        text = f"First contact is in {place}, where {names[contact.seat]} comes up to " + (
            f"{names[contact.seat.other]}'s trail at ply {contact.ply}."
        )
        return Sentence(text, contact.ply, (fact,))
    end = fight_end(playback, analysis.survey)
    if contact is None and end > 0:
        fact = Fact(FactKind.NO_CONTACT, end)
        return Sentence("The riders never come near each other's trail.", end, (fact,))
    return None


def _swings(playback: Playback, analysis: Analysis) -> Sentence | None:
    changes = analysis.lead_changes
    if len(changes) < 2:
        return None
    fact = Fact(FactKind.LEAD_CHANGES, changes[-1], numbers=(len(changes),))
    times = "twice" if len(changes) == 2 else f"{len(changes)} times"
    return Sentence(
        f"The lead changes hands {times}, for the last time at ply {changes[-1]}.",
        changes[-1],
        (fact,),
    )


def _cut_off(
    playback: Playback, analysis: Analysis, marks: dict[MarkKind, Mark], names: tuple[str, str]
) -> Sentence | None:
    mark = marks.get(MarkKind.CUT_OFF)
    if mark is None or mark.seat is None:
        return None
    place = gained_place(
        playback.state(mark.ply - CUT_OFF_PLIES), playback.state(mark.ply), mark.seat
    )
    counts = analysis.survey.territory[mark.ply].tolist()
    own, other = counts[mark.seat], counts[mark.seat.other]
    fact = Fact(FactKind.CUT_OFF, mark.ply, mark.seat, (own, other), place)
    text = (
        f"{names[mark.seat]} takes {place} by ply {mark.ply} and leads by {own - other} cells, "
        f"{own} to {other}."
    )
    return Sentence(text, mark.ply, (fact,))


def _separation(
    playback: Playback, analysis: Analysis, marks: dict[MarkKind, Mark], names: tuple[str, str]
) -> Sentence | None:
    mark = marks.get(MarkKind.SEPARATION)
    if mark is None or mark.pair is None:
        return None
    apart = Fact(FactKind.SEPARATION, mark.ply, numbers=mark.pair)
    decided = marks.get(MarkKind.DECIDED)
    if decided is None or decided.seat is None or decided.pair is None:
        text = f"From ply {mark.ply} on they cannot meet again: {names[0]} has " + (
            f"{_cells(mark.pair[0])} within reach, {names[1]} {mark.pair[1]}."
        )
        return Sentence(text, mark.ply, (apart,))
    most, least = decided.pair
    lost = Fact(FactKind.DECIDED, decided.ply, decided.seat, (most, least))
    loser, winner = names[decided.seat], names[decided.seat.other]
    proof = (
        f"it has room for at most {_plies(most)}, {winner} for at least {least}"
        if most
        else f"it has no room for another ply, {winner} for {least} or more"
    )
    if decided.ply == mark.ply:
        text = f"They are separated at ply {mark.ply}, and {loser} has already lost: {proof}."
    else:
        text = (
            f"They are separated at ply {mark.ply}; from ply {decided.ply} on {loser} has "
            f"lost: {proof}."
        )
    return Sentence(text, decided.ply, (apart, lost))


def _mistake(playback: Playback, analysis: Analysis, names: tuple[str, str]) -> Sentence | None:
    """Tell the costliest mistake: one that gave a proved result away, else a trap."""
    for mark in analysis.marks:
        if mark.kind in _GIVEN_AWAY and mark.seat is not None:
            kind, what = _GIVEN_AWAY[mark.kind]
            text = f"At ply {mark.ply} {names[mark.seat]} gives away a {what} game"
            facts = [Fact(kind, mark.ply, mark.seat)]
            for trap in analysis.marks:
                same = (trap.ply, trap.seat) == (mark.ply, mark.seat)
                if trap.kind is MarkKind.SELF_TRAP and same and trap.pair is not None:
                    text += f", with {_left_of(trap.pair)}"
                    facts.append(Fact(FactKind.SELF_TRAP, trap.ply, trap.seat, trap.pair))
            return Sentence(f"{text}.", mark.ply, tuple(facts))
    winner = playback.replay.outcome.winner
    traps = [
        mark
        for mark in analysis.marks
        if mark.kind is MarkKind.SELF_TRAP and mark.seat is not winner
    ]
    found = decisive_trap(playback, analysis) or next(iter(traps), None)
    if found is None or found.seat is None or found.pair is None:
        return None
    trap, pair, name = found, found.pair, names[found.seat]
    proved = analysis.survey.separation is not None and trap.ply > analysis.survey.separation
    if proved:
        fact = Fact(FactKind.SELF_TRAP, trap.ply, trap.seat, pair)
        text = f"At ply {trap.ply} {name} shuts itself out of room, with {_left_of(pair)}."
    else:
        fact = Fact(FactKind.POCKET, trap.ply, trap.seat, pair)
        text = (
            f"At ply {trap.ply} {name} turns into a pocket of {_cells(pair[0])} "
            f"where {pair[1]} were open to it."
        )
    return Sentence(text, trap.ply, (fact,))


def _left_of(pair: tuple[int, int]) -> str:
    return f"at most {_plies(pair[0])} left of the {pair[1]} that were possible"


_GIVEN_AWAY: Final = {
    MarkKind.MISSED_WIN: (FactKind.MISSED_WIN, "won"),
    MarkKind.MISSED_DRAW: (FactKind.MISSED_DRAW, "drawn"),
}


def _ending(playback: Playback, analysis: Analysis, names: tuple[str, str]) -> Sentence:
    replay, ply = playback.replay, playback.plies
    end = analysis.marks[-1]
    if end.seat is None or end.amount is None:
        return _shared_ending(playback, analysis, names)
    loser, winner = names[end.seat], names[end.seat.other]
    if end.amount > 0:
        crash = Fact(FactKind.CRASH, ply, end.seat, (end.amount,))
        text = (
            f"{loser} {END_OF[replay.causes[end.seat]]} at ply {ply} with {_cells(end.amount)} "
            f"open beside it; {winner} wins."
        )
        return Sentence(text, ply, (crash,))
    separated = analysis.survey.separation is not None
    counts = analysis.survey.room_low if separated else analysis.survey.reach
    left = int(counts[ply, end.seat.other])
    stuck = Fact(FactKind.NO_WAY, ply, end.seat, (left,))
    rest = f"{winner} has at least {_plies(left)} left" if separated else f"{winner} wins"
    if separated and not left:
        rest = f"{winner} rides one ply longer"
    return Sentence(f"{loser} runs out of room at ply {ply}; {rest}.", ply, (stuck,))


def _shared_ending(playback: Playback, analysis: Analysis, names: tuple[str, str]) -> Sentence:
    """Tell how a game ended in which not just one rider died."""
    replay, ply = playback.replay, playback.plies
    if replay.causes[0] is not DeathCause.HEAD_ON:
        result = result_text(replay, names)
        text = f"At ply {ply} it ends, {result}."
        return Sentence(text, ply, (Fact(FactKind.RESULT, ply),))
    place = between(playback, ply)
    text = f"They meet head-on in {place} at ply {ply}: a draw"
    gamblers = [
        mark.seat
        for mark in analysis.marks
        if mark.kind is MarkKind.HEAD_ON_GAMBLE and mark.ply == ply
    ]
    if not gamblers:
        return Sentence(f"{text}.", ply, (Fact(FactKind.HEAD_ON, ply, place=place),))
    facts = tuple(Fact(FactKind.HEAD_ON, ply, seat, place=place) for seat in gamblers)
    who = " and ".join(names[seat] for seat in gamblers if seat is not None)
    return Sentence(f"{text}, though {who} could have turned away.", ply, facts)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _plies(count: int) -> str:
    return "1 ply" if count == 1 else f"{count} plies"
