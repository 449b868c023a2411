"""Two crowns: the best of all, and the best that a crowd can play."""

from dataclasses import replace

import pytest

from agents.zoo import shipped_model
from arena.divisions import LIGHT_MS, Cost
from arena.field import choose_field
from arena.fsck import check_all
from arena.models import ModelStore, digest
from arena.records import ChampionRow, EntryKind, SubmissionRow, SubmissionStatus
from arena.runner import run_round
from arena.storage import Storage
from tests.arena.entering import submitted
from tests.arena.rivals import CHEAP, SerialExecutor, closed_round, rival

HEAVY = Cost(30.0, 40.0, LIGHT_MS + 0.1)
STRONG = shipped_model("voronoi").path.read_bytes()
FOUR = {f"rival-{seed}": rival(seed) for seed in range(3)} | {"strong": STRONG}


class Spendthrift(SerialExecutor):
    """Reports that one entrant used more than its cost at admission allows."""

    def __init__(self, models, number):
        super().__init__(models)
        self.number = number

    def play(self, tasks):
        for result in super().play(tasks):
            usage = tuple(
                (n, replace(used, reference_seconds=1e3 if n == self.number else 1e-6))
                for n, used in result.usage
            )
            yield replace(result, usage=usage)


@pytest.fixture
def played(database_url, tmp_path):
    with Storage(database_url) as storage:
        models = ModelStore(tmp_path / "models")

        def play(heavy=(), spendthrift=None):
            field = {digest(model): name for name, model in FOUR.items()}

            def costs(model, _alone):
                return HEAVY if field[digest(model)] in heavy else CHEAP

            closed_round(storage, models, FOUR, measure=costs)
            row = run_round(storage, Spendthrift(models, spendthrift))
            assert check_all(storage, models).findings == []
            return storage, row

        yield play


def test_where_all_are_cheap_one_entrant_wins_both_crowns(played):
    storage, row = played()
    assert row.light_champion_entry_id == row.champion_entry_id
    assert storage.champion() == storage.light_champion()
    assert storage.champion().name == "strong"
    assert storage.champion().light


def test_a_model_accepted_while_others_are_measured_has_its_cost(database_url, tmp_path):
    late = rival(9)
    with Storage(database_url) as storage:
        models = ModelStore(tmp_path / "models")

        def measure(_model, _alone):
            if storage.cost(digest(late)) is None:
                storage.save_cost(digest(late), CHEAP)
                submitted(storage, "late", models.put(late))
            return CHEAP

        closed_round(storage, models, {"early": rival(0)}, measure=measure)
        assert {entry.name: entry.light for entry in storage.entries(1)} == {
            "early": True,
            "late": True,
        }


def test_the_light_crown_goes_to_the_best_of_those_cheap_enough(played):
    storage, _ = played(heavy={"strong"})
    best, second, *_ = storage.entries(1)
    champion, light = storage.champion(), storage.light_champion()
    assert (champion.name, champion.light, best.light) == ("strong", False, False)
    assert (light.name, light.light, second.light) == (second.name, True, True)
    played()
    kinds = {entry.sha256: entry.kind for entry in storage.entries(2)}
    assert kinds[champion.sha256] is EntryKind.CHAMPION
    assert kinds[light.sha256] is EntryKind.LIGHT_CHAMPION
    assert [crowned.round for crowned in storage.light_champions()] == [2, 1]


def test_a_model_that_costs_more_in_the_round_than_at_admission_loses_the_light_crown(played):
    storage, _ = played(spendthrift=[*FOUR].index("strong"))
    best = storage.entries(1)[0]
    assert (best.name, best.cost.light, best.light) == ("strong", True, False)
    assert storage.champion().name == "strong"
    assert storage.light_champion().name == storage.entries(1)[1].name


def test_a_round_without_a_light_entrant_leaves_the_light_champion_reigning(played):
    storage, _ = played()
    for model in FOUR.values():
        storage.save_cost(digest(model), HEAVY)
    _, row = played()
    assert row.light_champion_entry_id is None
    assert storage.champion().round == 2
    assert storage.light_champion().round == 1
    assert storage.light_champion(2) is None


def test_what_entrants_used_is_counted_once(played):
    storage, row = played()
    entries = {entry.id: entry for entry in storage.entries(row.number)}
    for entry in entries.values():
        assert 0 < entry.usage.positions <= entry.usage.charged
        assert entry.usage.cpu_seconds > 0
    plies = sum(g.plies for d in storage.duels(1) for g in storage.games(d.id))
    assert sum(entry.usage.positions for entry in entries.values()) <= 2 * plies


SUBMITTED = SubmissionRow(7, 4, "ann", "0c" * 32, SubmissionStatus.ACCEPTED, "", False, None)


def test_both_champions_defend_under_names_of_their_own():
    reigning = {
        EntryKind.CHAMPION: ChampionRow(3, 1, "ann@2", "0a" * 32, False, None),
        EntryKind.LIGHT_CHAMPION: ChampionRow(3, 2, "ann", "0b" * 32, False, None, light=True),
    }
    field = choose_field([SUBMITTED], reigning, (), {"0b" * 32: CHEAP})
    assert [(entry.name, entry.kind) for entry in field] == [
        ("ann@3", EntryKind.CHAMPION),
        ("ann@3~light", EntryKind.LIGHT_CHAMPION),
        ("ann", EntryKind.SUBMISSION),
    ]
    assert [entry.cost for entry in field] == [None, CHEAP, None]


def test_a_light_champion_that_defends_alone_is_called_so():
    row = ChampionRow(3, 2, "bob", "0b" * 32, False, None, light=True)
    field = choose_field([SUBMITTED], {EntryKind.LIGHT_CHAMPION: row}, (), {})
    assert [(entry.name, entry.kind) for entry in field] == [
        ("bob", EntryKind.LIGHT_CHAMPION),
        ("ann", EntryKind.SUBMISSION),
    ]


def test_one_champion_of_both_crowns_enters_once():
    row = ChampionRow(3, 1, "bob", "0a" * 32, False, None, light=True)
    crowns = {EntryKind.CHAMPION: row, EntryKind.LIGHT_CHAMPION: row}
    field = choose_field([SUBMITTED], crowns, (), {})
    assert [(entry.name, entry.kind) for entry in field] == [
        ("bob", EntryKind.CHAMPION),
        ("ann", EntryKind.SUBMISSION),
    ]
