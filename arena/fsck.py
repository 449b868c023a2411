"""Checks everything that is stored against itself: replays, games, duels, rounds, model files.

Every replay is played again under the rules. What the tables say of a game must be what its
replay says, what they say of a duel must follow from its games, and a finished round's standings
from its duels. Reads only, and may run beside a round that is being played.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from arena.askings import Asked, Askings, asked, was_measured
from arena.errors import StorageError
from arena.models import ModelStore
from arena.records import (
    DuelRow,
    EntryRow,
    GameFilter,
    GameKind,
    GameRow,
    RoundFormat,
    RoundRow,
    RoundStatus,
    Standing,
)
from arena.schedule import ScheduledDuel, first_seat, game_seeds, round_robin
from arena.standings import standings
from arena.storage import Storage
from arena.stored_submissions import COUNTING
from arena.swiss import duels_of, pairings
from arena.tally import tally_of, total
from replays.errors import ReplayError
from replays.format import PERSON, Ending, Replay, decode, model_prefix
from replays.playback import Playback, verify
from tron_env.ruleset import ruleset_named
from tron_env.types import Outcome, Seat

Progress: TypeAlias = Callable[[int, int], None]
PAGE: Final = 200
TOLERANCE: Final = 1e-6
"""Relative; ratings are fitted in floating point, which differs between machines."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be."""

    where: str
    what: str


@dataclass(slots=True)
class Report:
    """What was looked at, and what is wrong."""

    findings: list[Finding]
    rounds: int = 0
    duels: int = 0
    games: int = 0
    models: int = 0


def check_all(storage: Storage, models: ModelStore, progress: Progress | None = None) -> Report:
    """Check everything in the database and the models that it names.

    Args:
        storage: the database.
        models: the model files.
        progress: told after every duel how many of how many games are checked.

    Raises:
        StorageError: the database failed.
    """
    return _Checks(storage, models, progress or _ignore).run()


class _Checks:
    def __init__(self, storage: Storage, models: ModelStore, progress: Progress) -> None:
        self._storage = storage
        self._models = models
        self._progress = progress
        self._report = Report([])
        self._total = storage.count_games()

    def run(self) -> Report:
        for row in self._storage.rounds():
            self._report.rounds += 1
            self._round(row)
        self._human_games()
        for game in self._storage.games_in_wrong_bands():
            self._found(f"game {game}", "its band of lengths is another's; searches miss it")
        if not self._storage.tallies_agree():
            self._found("people", "the counts of their games are not those of the games")
        self._model_files()
        total = self._storage.count_games()
        if total == self._total != self._report.games:  # none came meanwhile
            self._found("games", f"{total} are stored, and {self._report.games} belong anywhere")
        return self._report

    def _found(self, where: str, what: str) -> None:
        self._report.findings.append(Finding(where, what))

    def _expect(self, where: str, what: str, stored: object, true: object) -> None:
        if stored != true:
            self._found(where, f"{what} is {stored}, and should be {true}")

    def _round(self, row: RoundRow) -> None:
        where = f"round {row.number}"
        entries = self._storage.entries(row.number)
        duels = self._storage.duels(row.number)
        self._expect(where, "the number of entrants", row.entrants, len(entries))
        self._schedule(where, row, entries, duels)
        self._submissions(where, row, entries)
        by_id = {entry.id: entry for entry in entries}
        seed = self._storage.seed(row.number)
        askings = Askings()
        found = len(self._report.findings)
        for duel in duels:
            try:
                self._duel(row, duel, by_id, seed, askings)
            except ValueError as error:
                self._found(f"{where}, duel {duel.number}", f"its games cannot be read: {error}")
        done = sum(duel.done for duel in duels)
        if self._storage.round(row.number) == row:  # nobody is playing it right now
            self._expect(where, "the number of played duels", row.duels_done, done)
        if row.status is RoundStatus.DONE:
            self._expect(where, "the number of played duels", done, len(duels))
            try:
                self._standings(where, row, entries, seed)
            except ValueError as error:
                self._found(where, f"its results cannot be read: {error}")
            if len(self._report.findings) == found:  # else its games tell nothing
                self._usage(where, entries, askings)

    def _usage(self, where: str, entries: Sequence[EntryRow], askings: Askings) -> None:
        """Check what models used, by which the light crown goes, against their games."""
        if not was_measured([entry.usage for entry in entries]):
            return
        for entry in entries:
            if fault := askings.fault_of(entry):
                self._found(f"{where}, {entry.name}", fault)

    def _submissions(self, where: str, row: RoundRow, entries: Sequence[EntryRow]) -> None:
        """Check what was submitted against the field, and the replays of its trials."""
        for entry in entries:
            if entry.submission_id is not None:
                own = self._storage.submission(entry.submission_id)
                sha256 = None if own is None else own.sha256
                self._expect(f"{where}, {entry.name}", "its submission", sha256, entry.sha256)
        fielded = {entry.sha256 for entry in entries}
        frozen = row.status not in (RoundStatus.OPEN, RoundStatus.CANCELLED)
        for submission in self._storage.submissions(row.number):
            at = f"submission {submission.id}"
            if frozen and submission.status in COUNTING and submission.sha256 not in fielded:
                self._found(at, f"is {submission.status}, and not in the field of {where}")
            for number, blob in self._storage.trial_replays(submission.id).items():
                try:
                    verify(decode(blob))
                except ReplayError as error:
                    self._found(at, f"its trial game {number} cannot be played: {error}")

    def _schedule(
        self, where: str, row: RoundRow, entries: Sequence[EntryRow], duels: Sequence[DuelRow]
    ) -> None:
        """Check who meets whom: it follows from the field, and in Swiss from earlier stages."""
        if row.status is RoundStatus.OPEN:
            self._expect(where, "the number of duels", len(duels), 0)
            return
        numbers = {entry.id: entry.number for entry in entries}
        seed = self._storage.seed(row.number)
        true = list(round_robin(len(entries)))
        total = len(true)
        if row.format is RoundFormat.SWISS:
            latest = max((duel.stage for duel in duels), default=0)
            stages = [pairings(duels, numbers, stage, seed) for stage in range(latest + 1)]
            true = [duel for stage in stages for duel in stage]
            total = duels_of(len(entries), row.stages)
        self._expect(where, "the number of duels", row.duels_total, total)
        self._expect(where, "the number of scheduled duels", len(duels), len(true))
        for duel, scheduled in zip(duels, true, strict=False):
            first, second = (numbers.get(entry, -1) for entry in duel.entries)
            stored = ScheduledDuel(duel.number, duel.block, first, second)
            self._expect(f"{where}, duel {duel.number}", "its place", stored, scheduled)

    def _standings(self, where: str, row: RoundRow, entries: Sequence[EntryRow], seed: str) -> None:
        results, fixed = self._storage.results(row.number), self._storage.fixed_ratings(row.number)
        true = standings(entries, results, seed, fixed)
        best = next(iter(true), None)
        self._expect(where, "the champion's entry", row.champion_entry_id, best)
        light = {entry.id for entry in entries if entry.light}
        best_light = next((entry for entry in true if entry in light), None)
        stored_light = row.light_champion_entry_id
        self._expect(where, "the light champion's entry", stored_light, best_light)
        for entry in entries:
            if entry.standing is None or not _alike(entry.standing, true[entry.id]):
                self._found(
                    f"{where}, {entry.name}",
                    f"the standing is {entry.standing}, and its games give {true[entry.id]}",
                )

    def _duel(
        self,
        row: RoundRow,
        duel: DuelRow,
        entries: dict[int, EntryRow],
        seed: str,
        askings: Askings,
    ) -> None:
        self._report.duels += 1
        where = f"round {row.number}, duel {duel.number}"
        games = self._storage.games(duel.id)
        blobs = self._storage.duel_replays(duel.id)
        stored = duel if duel.done == bool(games) else self._storage.duel(duel.id) or duel
        self._expect(where, "the number of games", stored.games, len(games))
        if not stored.done:
            if games:
                self._found(where, "it has games, and is not marked as played")
            return
        self._expect(where, "the number of games", len(games), 2 * row.starts)
        seeds = game_seeds(seed, duel.number, row.starts)
        pair = (entries[duel.entries[0]], entries[duel.entries[1]])
        tallies = []
        for game, blob in zip(games, blobs, strict=False):
            at = f"{where}, game {game.id}"
            replay, times = self._game(at, game, blob)
            number = game.number if game.number is not None else -1
            if replay is None or not 0 <= number < len(seeds):
                if replay is not None:
                    self._found(at, f"its number is {game.number}")
                continue
            seats = pair if first_seat(number) is Seat.FIRST else pair[::-1]
            self._scheduled(at, row, game, replay, seeds[number], seats)
            for entry, often in zip(seats, times, strict=False):
                askings.add(entry.id, duel.block, often)
            if game.outcome is not Outcome.ONGOING and game.ending is not Ending.ABANDONED:
                tallies.append(tally_of(game.outcome, game.ending, first_seat(number)))
        tally = total(tallies)
        points = (tally.points, tally.flip().points)
        forfeits = (tally.forfeits, tally.other_forfeits)
        self._expect(where, "what its sides scored", stored.points, points)
        self._expect(where, "what its sides forfeited", stored.forfeits, forfeits)
        self._progress(self._report.games, max(self._total, self._report.games))

    def _scheduled(
        self,
        at: str,
        row: RoundRow,
        game: GameRow,
        replay: Replay,
        seed: int,
        seats: tuple[EntryRow, EntryRow],
    ) -> None:
        first, second = seats
        self._expect(at, "the round", game.round, row.number)
        self._expect(at, "the names of its riders", game.names, (first.name, second.name))
        self._expect(at, "the models of its riders", game.models, (first.sha256, second.sha256))
        self._expect(at, "the seed of its start", replay.seed, seed)
        self._expect(at, "the ruleset", replay.ruleset, ruleset_named(row.ruleset))

    def _game(self, at: str, game: GameRow, blob: bytes) -> tuple[Replay | None, Sequence[Asked]]:
        """Check a game against its replay.

        Returns:
            The replay, None where it cannot be read, and how often models in it were asked.
        """
        self._report.games += 1
        times: Sequence[Asked] = ()
        try:
            replay = decode(blob)
        except ReplayError as error:
            self._found(at, f"its replay cannot be read: {error}")
            return None, times
        try:
            played = Playback(replay)
            times = asked(played) if game.kind is GameKind.DUEL else ()
        except ReplayError as error:
            self._found(at, f"its replay is not what the rules play: {error}")
        prefixes = tuple(PERSON if sha is None else model_prefix(sha) for sha in game.models)
        self._expect(at, "the models' prefix in the replay", replay.models, prefixes)
        for what, stored, true in (
            ("the outcome", game.outcome.name, replay.outcome.name),
            ("the causes of death", game.causes, replay.causes),
            ("the ending", game.ending.name, replay.ending.name),
            ("the number of plies", game.plies, replay.plies),
            (
                "the ply of its take-over",
                game.takeover_ply,
                replay.takeover and replay.takeover.ply,
            ),
        ):
            self._expect(at, what, stored, true)
        if game.kind is GameKind.DUEL:
            forfeit = game.ending is Ending.FORFEIT
            for seat in Seat:
                lost = forfeit and game.outcome.winner is not seat
                if lost != (game.reasons[seat] is not None):
                    self._found(at, f"seat {int(seat)} forfeited and lacks a reason, or has one")
        return replay, times

    def _human_games(self) -> None:
        human = GameFilter(kind=GameKind.HUMAN)
        page = self._storage.search_games(human, limit=PAGE)
        while page:
            for game in page:
                at = f"game {game.id}"
                self._game(at, game, self._storage.replay(game.id) or b"")
                seat = game.human_seat
                if seat is None or game.models[seat] is not None:
                    self._found(at, "it does not say which seat a person rode in")
            self._progress(self._report.games, max(self._total, self._report.games))
            page = self._storage.search_games(human, before_id=page[-1].id, limit=PAGE)

    def _model_files(self) -> None:
        for sha256, where in self._storage.named_models().items():
            self._report.models += 1
            try:
                self._models.get(sha256)
            except StorageError as error:
                self._found(where, str(error))


def _alike(stored: Standing, true: Standing) -> bool:
    return all(
        math.isclose(
            getattr(stored, name), getattr(true, name), rel_tol=TOLERANCE, abs_tol=TOLERANCE
        )
        for name in Standing.__slots__
    )


def _ignore(_done: int, _total: int) -> None:
    """Show no progress."""
