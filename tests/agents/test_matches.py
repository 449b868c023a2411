import numpy as np
import pytest

from agents.errors import PlayedFileError
from agents.heuristic import make_random, make_voronoi, make_wall_hugger
from agents.matches import Tally, play_match, play_specs
from agents.played import PlayedInFile
from tron_env.errors import AgentSpecError
from tron_env.ruleset import Ruleset

SMALL = Ruleset(height=12, width=12)


class Doomed:
    """Rides straight on, into whatever is there."""

    name = "doomed"

    def act(self, engine, games, seats):
        return engine.headings[games, seats].copy()


def test_the_better_agent_wins_from_either_side():
    strong, weak = make_voronoi(""), Doomed()
    tally = play_match(strong, weak, 10, ruleset=SMALL)
    assert tally.games == 20
    assert tally.score > 0.8
    assert tally.plies >= 20
    assert tally.wins + tally.draws / 2 == tally.score * tally.games
    assert tally.wins + tally.draws + tally.losses == tally.games
    assert play_match(weak, strong, 10, ruleset=SMALL).score == pytest.approx(1 - tally.score)


def test_an_agent_against_itself_scores_one_half():
    agent = make_wall_hugger("")
    tally = play_match(agent, agent, 12, seed=3, ruleset=SMALL)
    assert tally.score == 0.5
    assert tally.pairs[2] == 12


def test_a_match_depends_on_its_seed_alone():
    agents = make_voronoi(""), make_random("")
    first, again, other = (
        play_match(*agents, 6, seed=seed, ruleset=SMALL).plies for seed in (5, 5, 6)
    )
    assert first == again != other


def test_processes_do_not_change_the_tally():
    heard = []
    one, two = (
        play_specs("voronoi", "wall-hugger", 20, ruleset=SMALL, workers=w, progress=heard.append)
        for w in (1, 2)
    )
    assert one == two
    assert one.starts == 20
    assert [tally.starts for tally in heard] == [8, 16, 20] * 2


def test_a_match_goes_on_where_it_was_left(tmp_path):
    file = tmp_path / "games.jsonl"

    def played(starts):
        heard = []
        tally = play_specs(
            "voronoi",
            "wall-hugger",
            starts,
            ruleset=SMALL,
            block_starts=2,
            played=PlayedInFile(file, "one"),
            progress=heard.append,
        )
        return tally, [each.starts for each in heard]

    whole = play_specs("voronoi", "wall-hugger", 6, ruleset=SMALL)
    assert played(2)[1] == [2]
    assert played(6) == (whole, [4, 6])
    assert played(6) == (whole, [])
    assert PlayedInFile(file, "another").get(0) is None


@pytest.mark.parametrize("line", ["", "{}", "[]", '{"match": "one", "block": 0, "pairs": [1]}'])
def test_a_file_of_something_else_is_refused(tmp_path, line):
    file = tmp_path / "games.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(PlayedFileError, match="line 1"):
        PlayedInFile(file, "one")


def test_a_match_of_unknown_agents_is_refused():
    with pytest.raises(AgentSpecError, match="nobody"):
        play_specs("voronoi", "nobody", 2)


def test_tallies_add_up():
    tally = Tally((1, 0, 2, 0, 3), draws=1, plies=50) + Tally((0, 1, 0, 1, 0), draws=2, plies=30)
    assert tally == Tally((1, 1, 2, 1, 3), draws=3, plies=80)
    assert tally.score == pytest.approx(20 / 32)


def test_nothing_played_says_nothing():
    assert Tally().score == 0.5
    assert Tally().interval() == (0, 1)


@pytest.mark.parametrize("rate", [0.5, 0.8])
@pytest.mark.parametrize("together", [False, True])
def test_the_interval_covers_the_truth(rate, together):
    """Whether both games of a start always end alike or independently."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        points = rng.random((60, 2)) < rate
        if together:
            points[:, 1] = points[:, 0]
        counts = np.bincount(2 * points.sum(axis=1), minlength=5)
        low, high = Tally(tuple(counts.tolist())).interval()
        covered += low <= rate <= high
    assert 0.92 < covered / 400 < 0.985
