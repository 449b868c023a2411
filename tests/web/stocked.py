"""A storage with a finished round of three riders who never steer, and an open one after it."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from arena.records import DuelResult, EntryKind, NewEntry, NewGame, Standing
from arena.schedule import ScheduledDuel
from arena.storage import Storage
from arena.stored_games import NewHumanGame
from replays.format import Ending, Replay, encode, model_prefix
from tron_env.batch import BatchEngine
from tron_env.ruleset import APEX, ARENA
from tron_env.spawn import spawns_for
from tron_env.types import Action, DeathCause, Outcome, Seat

NAMES = ("ann", "<b>bob</b>", "cyd")
SHA256 = {name: f"{index + 1:064x}" for index, name in enumerate(NAMES)}


def straight_game(
    seed: int, models: tuple[bytes, bytes] = (bytes(8), bytes(8)), ending: Ending = Ending.RULES
) -> Replay:
    """Both ride straight on until one hits something; or for two plies, then abandoned."""
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [seed])
    actions = []
    while engine.outcomes[0] == Outcome.ONGOING and not (ending and len(actions) == 2):
        engine.step(engine.headings.copy())
        actions.append(engine.headings[0].copy())
    first, second = (DeathCause(int(cause)) for cause in engine.causes[0])
    return Replay(
        ARENA,
        seed,
        spawns_for(ARENA, seed),
        np.array(actions, dtype=np.uint8),
        Outcome(int(engine.outcomes[0])),
        (first, second),
        ending,
        models,
    )


def longest_game(winner: Seat = Seat.FIRST) -> Replay:
    """Both fill their halves line by line, the winner one ply longer: 449 plies."""
    engine = BatchEngine(APEX, 1)
    engine.reset([0], [1])
    lines = (APEX.height - 2) // 2
    first: list[Action] = []
    for line in range(lines):
        first += [Action.UP if line % 2 else Action.DOWN] * (APEX.height - 3)
        first += [Action.RIGHT] * (line < lines - 1)
    actions = []
    while engine.outcomes[0] == Outcome.ONGOING:
        turn = int(first[len(actions)])
        turns = [turn, (turn + 2) % 4]
        if len(actions) == len(first) - 1:
            turns[winner.other] = (Action.LEFT, Action.RIGHT)[winner.other]  # its own trail
        engine.step(np.array([turns], dtype=np.uint8))
        actions.append(engine.headings[0].copy())
    first_cause, second_cause = (DeathCause(int(cause)) for cause in engine.causes[0])
    return Replay(
        APEX,
        1,
        spawns_for(APEX, 1),
        np.array(actions, dtype=np.uint8),
        Outcome(int(engine.outcomes[0])),
        (first_cause, second_cause),
        Ending.RULES,
        (bytes(8), bytes(8)),
    )


def close_round(storage: Storage) -> int:
    """Open a round if there is none, freeze its field and begin it; return its number."""
    number = storage.ensure_open_round(ruleset="arena", starts=1, seed="11" * 32).number
    kinds = (EntryKind.CHAMPION, EntryKind.SUBMISSION, EntryKind.ANCHOR)
    field = [
        NewEntry(name, kind, kind is EntryKind.ANCHOR, False, SHA256[name], None)
        for name, kind in zip(NAMES, kinds, strict=True)
    ]
    pairs = enumerate(combinations(range(len(NAMES)), 2))
    schedule = [ScheduledDuel(index, 0, first, second) for index, (first, second) in pairs]
    storage.freeze(number, lambda _: field, lambda _: schedule, next_seed="22" * 32, next_starts=1)
    storage.begin(number)
    return number


def play_round(storage: Storage, number: int, duels: int | None = None) -> None:
    """Play the first ``duels`` duels of a begun round."""
    names = {entry.id: entry.name for entry in storage.entries(number)}
    results = []
    for duel in storage.duels(number)[:duels]:
        pair = (names[duel.entries[0]], names[duel.entries[1]])
        games = []
        for index, seats in enumerate((pair, pair[::-1])):
            models = (SHA256[seats[0]], SHA256[seats[1]])
            replay = straight_game(duel.number, (model_prefix(models[0]), model_prefix(models[1])))
            games.append(NewGame(index, (seats[0], seats[1]), models, encode(replay), (None, None)))
        results.append(DuelResult(duel.id, (1.5, 0.5), (0, 0), tuple(games)))
    storage.save_duels(number, results)


def crown(storage: Storage, number: int, order: Sequence[str] = ()) -> None:
    """End a round: the standings are in the field's order, or in that of names."""
    entries = sorted(
        storage.entries(number),
        key=lambda entry: order.index(entry.name) if order else entry.number,
    )
    standings = {
        entry.id: Standing(
            rank=rank,
            points=3.5 - rank,
            games=4,
            wins=1,
            draws=1,
            losses=2,
            forfeits=0,
            rating=1600 - 50 * rank,
            rating_low=1500 - 50 * rank,
            rating_high=1700 - 50 * rank,
            apex_score=0.5,
        )
        for rank, entry in enumerate(entries, 1)
    }
    storage.finish(number, standings, entries[0].id)


def add_human_game(
    storage: Storage,
    ending: Ending = Ending.RULES,
    *,
    first_try: bool = True,
    replay: Replay | None = None,
    speed: int = 10,
    source: int | None = None,
) -> int:
    """Store a game of a person in seat 1 against `ann`; return its ID."""
    models = (model_prefix(SHA256["ann"]), bytes(8))
    replay = replay or straight_game(5, models, ending)
    return storage.save_human_game(
        NewHumanGame(
            replay=replay,
            names=("ann", "You"),
            human_seat=Seat.SECOND,
            model_sha256=SHA256["ann"],
            round=None,
            speed=speed,
            first_try=first_try,
            session="a session",
            source_id=source,
        )
    )
