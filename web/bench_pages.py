"""Every page and answer of the site that `tron bench archive` opens, over a season."""

import random
from collections.abc import Callable, Iterator
from typing import Final

from arena.bench_season import Season
from arena.storage import Storage
from web.interface import PREFIX

SEARCHES: Final = (
    "",
    "?kind=human",
    "?order=best",
    "?round={round}",
    "?round={round}&order=best",
    "?name=rider-{place}",
    "?name=rider-{place}&order=best",
    "?name=rider-2&opponent=rider-3",
    "?name=rider-3&result=loss&cause=wall",
    "?result=draw",
    "?result=limit",
    "?cause=head_on",
    "?cause=self&tag=close",
    "?min_plies=300",
    "?tag=comeback&order=best",
    "?tag=take-over",
    "?tag=missed-win&min_plies=300",
    "?round={round}&tag=close&result=win",
    "?kind=human&tag=cut-off&min_plies=100",
)


def pages_of(storage: Storage, season: Season, rounds: int) -> Iterator[tuple[str, str]]:
    """Yield kind and address of ``rounds`` pages of every kind, mixed, the same every time."""
    rng = random.Random(3)
    kinds = kinds_of(storage, season, rng)
    for _ in range(rounds):
        turn = list(kinds.items())
        rng.shuffle(turn)
        for kind, address in turn:
            yield kind, address()


def kinds_of(storage: Storage, season: Season, rng: random.Random) -> dict[str, Callable[[], str]]:
    """Return what draws an address, by kind of page."""
    games = storage.newest_game()
    duels = season.rounds * season.duels_a_round
    models = [
        entry.sha256
        for number in range(1, season.rounds + 1, 7)
        for entry in storage.entries(number)
    ]

    def number() -> int:
        return rng.randint(1, season.rounds)

    def game() -> int:
        return rng.randint(1, games)

    def duel() -> int:
        return rng.randint(1, duels)

    def search() -> str:
        asked = rng.choice(SEARCHES)
        return "/replays" + asked.format(round=number(), place=rng.randint(2, 40))

    def listed() -> str:
        asked = (f"round={number()}", f"name=rider-{rng.randint(2, 40)}&kind=duel", "kind=human")
        return api(f"/replays?{rng.choice((*asked, f'model={rng.choice(models)}'))}")

    def api(path: str) -> str:
        return PREFIX + path

    return {
        "home": lambda: "/",
        "play": lambda: "/play",
        "live": lambda: "/live",
        "players": lambda: "/players",
        "learn": lambda: "/learn",
        "submit": lambda: "/submit",
        "JSON interface": lambda: "/api",
        "rounds": lambda: "/rounds",
        "round": lambda: f"/rounds/{number()}",
        "round, lower ranks": lambda: f"/rounds/{number()}?from={rng.randint(2, 350)}",
        "cross table rows": lambda: f"/rounds/{number()}/cross?first={rng.randint(1, 350)}",
        "duel": lambda: f"/duels/{duel()}",
        "replays": search,
        "replay": lambda: f"/replays/{game()}",
        "replay, embedded": lambda: f"/replays/{game()}/embed",
        "replay, territory": lambda: f"/replays/{game()}/territory",
        "model": lambda: f"/models/{rng.choice(models)}",
        "status.json": lambda: api("/status"),
        "rounds.json": lambda: api("/rounds"),
        "round.json": lambda: api(f"/rounds/{number()}"),
        "standings.json": lambda: api(f"/rounds/{number()}/standings"),
        "duels.json": lambda: api(f"/rounds/{number()}/duels"),
        "duel.json": lambda: api(f"/duels/{duel()}"),
        "champions.json": lambda: api("/champions"),
        "replays.json": listed,
        "replay.json": lambda: api(f"/replays/{game()}"),
        "moves.json": lambda: api(f"/replays/{game()}.json"),
        "moves.trp": lambda: api(f"/replays/{game()}.trp"),
        "analysis.json": lambda: api(f"/replays/{game()}/analysis"),
    }
