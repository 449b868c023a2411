"""Swiss pairings: everybody plays somebody new and near, whatever the results so far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.swiss import Score, duels_of, most_stages, pair_stage, usual_stages

SEED = "5a" * 32


def played_out(entrants, results):
    """Play all stages that a field can play; ``results`` gives the first side's points of two."""
    scores = [Score(0.0, 0)] * entrants
    met = set()
    stages = []
    for stage in range(most_stages(entrants)):
        duels = pair_stage(stage, scores, met, SEED)
        stages.append((list(scores), duels))
        for duel in duels:
            assert (duel.first, duel.second) not in met
            met.add((duel.first, duel.second))
            points = next(results)
            for one, gained in ((duel.first, points), (duel.second, 2 - points)):
                scores[one] = Score(scores[one].points + gained, scores[one].games + 2)
    return stages


@given(st.integers(2, 24), st.randoms(use_true_random=False))
def test_nobody_meets_anybody_twice_and_all_play_in_every_stage(entrants, random):
    stages = played_out(entrants, iter(lambda: random.choice([0.0, 0.5, 1.0, 2.0]), None))
    rests = [0] * entrants
    for number, (_, duels) in enumerate(stages):
        playing = [one for duel in duels for one in (duel.first, duel.second)]
        assert len(playing) == len(set(playing)) == entrants - entrants % 2
        for one in set(range(entrants)) - set(playing):
            rests[one] += 1
        assert [duel.number for duel in duels] == [
            number * (entrants // 2) + place for place in range(entrants // 2)
        ]
    assert max(rests) <= 1
    assert sum(len(duels) for _, duels in stages) == duels_of(entrants, len(stages))


@given(st.integers(2, 24), st.randoms(use_true_random=False))
def test_blocks_belong_to_one_stage(entrants, random):
    stages = played_out(entrants, iter(lambda: random.choice([0.0, 1.0, 2.0]), None))
    seen = set()
    for _, duels in stages:
        blocks = {duel.block for duel in duels}
        assert not blocks & seen
        seen |= blocks


def test_winners_meet_winners():
    scores = [Score(2.0, 2), Score(0.0, 2), Score(2.0, 2), Score(0.0, 2)]
    duels = pair_stage(1, scores, {(0, 1), (2, 3)}, SEED)
    assert {(duel.first, duel.second) for duel in duels} == {(0, 2), (1, 3)}


def test_those_left_over_are_let_in_by_taking_a_pair_apart():
    scores = [Score(6.0, 6), Score(5.0, 6), Score(4.0, 6), Score(3.0, 6)]
    duels = pair_stage(1, scores, {(2, 3)}, SEED)
    assert {(duel.first, duel.second) for duel in duels} in ({(0, 3), (1, 2)}, {(0, 2), (1, 3)})


def test_of_an_odd_field_the_last_one_rests_that_has_not_yet():
    scores = [Score(2.0, 2), Score(1.0, 2), Score(0.0, 0)]
    (duel,) = pair_stage(1, scores, {(0, 1)}, SEED)
    assert (duel.first, duel.second) == (0, 2)


def test_pairings_follow_from_the_seed():
    scores = [Score(0.0, 0)] * 16
    assert pair_stage(0, scores, (), SEED) == pair_stage(0, scores, (), SEED)
    assert pair_stage(0, scores, (), SEED) != pair_stage(0, scores, (), "5b" * 32)


def test_too_many_stages_are_told():
    everybody = {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}
    with pytest.raises(ValueError, match="too many stages"):
        pair_stage(3, [Score(1.0, 2)] * 4, everybody, SEED)


def test_the_usual_number_of_stages_stays_small():
    assert [usual_stages(n) for n in (2, 5, 16, 100, 400)] == [1, 2, 6, 9, 11]
