"""The live machine under a clock moved by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from tron_env.ruleset import ARENA, Ruleset
from tron_env.spawn import spawns_for
from tron_env.types import Action, DeathCause, Outcome, Seat, Spawn
from web.errors import LiveError, Refusal, RefusedError
from web.live import LiveGames
from web.live_types import (
    FREEZE_SLOTS,
    PERIODS,
    SLOTS_PER_SECOND,
    SPEEDS,
    Ask,
    FinishedGame,
    LiveEnding,
    Opening,
    person_seat,
)

SEED = 11


class Hand:
    """Moves the machine slot by slot; models answer at once unless told otherwise."""

    def __init__(self, games: LiveGames) -> None:
        self.games = games
        self.slot = -1
        self.ticks: list[tuple[int, list[int]]] = []
        self.finished: list[FinishedGame] = []
        self.asks: list[tuple[int, Ask]] = []
        self.reply: Callable[[Ask], None] = self.keep_heading

    def keep_heading(self, ask: Ask) -> None:
        headings = self.games.engine.headings[ask.slots, ask.seats]
        self.finished += self.games.answer(ask, headings)

    def survive(self, ask: Ask) -> None:
        masks = self.games.engine.masks[ask.slots, ask.seats]
        headings = self.games.engine.headings[ask.slots, ask.seats]
        actions = np.where(masks.any(axis=1), masks.argmax(axis=1), headings).astype(np.uint8)
        self.finished += self.games.answer(ask, actions)

    def move(self, slots: int) -> None:
        for _ in range(slots):
            self.slot += 1
            beat = self.games.beat(self.slot)
            self.ticks += [(self.slot, tick) for tick in beat.ticks.tolist()]
            self.finished += beat.finished
            self.asks += [(self.slot, ask) for ask in beat.asks]
            for ask in beat.asks:
                self.reply(ask)

    def until_finished(self) -> FinishedGame:
        while not self.finished:
            self.move(1)
        return self.finished[0]


@pytest.fixture
def hand() -> Hand:
    return Hand(LiveGames(ARENA, capacity=64))


def opening(game: int = 1, *, speed: int = 10, model: str = "m", seat: Seat = Seat.FIRST):
    return Opening(game, SEED, seat, speed, model)


def first_ply(hand: Hand, game: Opening) -> None:
    """Open ``game`` and stop on the slot before its first ply."""
    hand.move(hand.games.open(game) - 1)


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_game_advances_once_a_period_from_the_announced_slot(hand: Hand, speed: int):
    hand.move(3)
    first = hand.slot + hand.games.open(opening(speed=speed))
    hand.move(first - hand.slot + 2 * PERIODS[speed])
    assert [slot for slot, _ in hand.ticks] == [first + k * PERIODS[speed] for k in range(3)]
    assert PERIODS[speed] * speed == SLOTS_PER_SECOND


def test_ticks_tell_game_ply_heads_and_headings(hand: Hand):
    spawns = spawns_for(ARENA, SEED)
    first_ply(hand, opening(game=9))
    hand.move(1)
    state = hand.games.engine.state(0)
    assert hand.ticks[0][1] == [9, 1, *state.heads[0], *state.heads[1], *state.headings]
    assert state.headings == (spawns[0].heading, spawns[1].heading)


def test_nothing_moves_during_the_countdown(hand: Hand):
    first_ply(hand, opening())
    assert hand.slot + 1 >= 2 * SLOTS_PER_SECOND
    assert not hand.ticks
    assert len(hand.asks) == 1, "the first answer is asked for one period ahead"


def test_two_queued_turns_make_a_u_turn_on_successive_plies(hand: Hand):
    first_ply(hand, opening())
    heading = Action(int(hand.games.engine.headings[0, 0]))
    side = Action((heading + 1) % 4)
    assert hand.games.turn(1, side)
    assert hand.games.turn(1, heading.reverse)
    hand.move(1 + 2 * PERIODS[10])
    assert [tick[6] for _, tick in hand.ticks] == [side, heading.reverse, heading.reverse]


def test_a_third_waiting_turn_is_refused_and_changes_nothing(hand: Hand):
    first_ply(hand, opening())
    heading = Action(int(hand.games.engine.headings[0, 0]))
    side = Action((heading + 1) % 4)
    hand.games.turn(1, side)
    hand.games.turn(1, heading)
    with pytest.raises(RefusedError) as refusal:
        hand.games.turn(1, side)
    assert refusal.value.code is Refusal.QUEUE_FULL
    hand.move(1 + 2 * PERIODS[10])
    assert [tick[6] for _, tick in hand.ticks] == [side, heading, heading]


def test_repeats_and_reversals_take_no_place_in_the_queue(hand: Hand):
    first_ply(hand, opening())
    heading = Action(int(hand.games.engine.headings[0, 0]))
    side = Action((heading + 1) % 4)
    assert not hand.games.turn(1, heading)
    assert not hand.games.turn(1, heading.reverse)
    assert hand.games.turn(1, side)
    assert not hand.games.turn(1, side)
    assert not hand.games.turn(1, side.reverse)
    assert hand.games.turn(1, heading)


def test_turns_are_the_persons_and_answers_the_models_on_either_seat(hand: Hand):
    first_ply(hand, opening(seat=Seat.SECOND))
    heading = Action(int(hand.games.engine.headings[0, 1]))
    hand.games.turn(1, Action((heading + 1) % 4))
    hand.move(1)
    _, ask = hand.asks[0]
    assert ask.seats.tolist() == [0]
    assert hand.ticks[0][1][7] == (heading + 1) % 4
    assert hand.ticks[0][1][6] == spawns_for(ARENA, SEED)[0].heading


def test_one_question_a_model_and_phase_with_all_positions():
    games = LiveGames(ARENA, capacity=64)
    hand = Hand(games)
    for number in range(1, 29):
        games.open(opening(number, model="a" if number % 2 else "b"))
    hand.move(4 * SLOTS_PER_SECOND)
    asked: dict[int, list[Ask]] = {}
    for slot, ask in hand.asks:
        asked.setdefault(slot, []).append(ask)
    assert all(len({ask.model for ask in asks}) == len(asks) for asks in asked.values())
    per_slot = [sum(ask.slots.size for ask in asks) for asks in asked.values()]
    assert set(per_slot) == {4}, "28 games spread evenly over the 7 phases"


def test_games_that_should_share_questions_do_beside_games_that_are_spread(hand: Hand):
    hand.move(1)
    for game in range(1, 15):
        hand.games.open(opening(game, model="light"))
    for game in range(15, 25):
        hand.games.open(opening(game, model="dear"), together=4)
    hand.move(3 * SLOTS_PER_SECOND)
    last = [ask for slot, ask in hand.asks if slot > hand.slot - PERIODS[10]]
    assert sorted(ask.games.size for ask in last if ask.model == "light") == [2] * 7
    assert sorted(ask.games.size for ask in last if ask.model == "dear") == [2, 4, 4]


def test_who_leaves_and_comes_again_fills_the_questions_that_are_asked_already(hand: Hand):
    hand.move(1)
    for game in range(1, 9):
        hand.games.open(opening(game), together=4)
    for game, again in ((1, 9), (6, 10), (7, 11)):
        hand.games.leave(game)
        hand.games.open(opening(again), together=4)
    hand.move(3 * SLOTS_PER_SECOND)
    last = [ask.games.size for slot, ask in hand.asks if slot > hand.slot - PERIODS[10]]
    assert last == [4, 4]
    slots = [slot for slot, _ in hand.asks[-2:]]
    assert slots[1] - slots[0] in (12, 16), "so far apart that neither question waits"


def test_a_game_keeps_its_phase_while_others_come_and_go(hand: Hand):
    hand.reply = hand.survive
    first = hand.games.open(opening(1))
    hand.move(100)
    hand.games.open(opening(2))
    hand.games.open(opening(3, speed=14))
    hand.move(100)
    hand.games.leave(2)
    hand.move(first + 300)
    slots = [slot for slot, tick in hand.ticks if tick[0] == 1]
    assert {slot % PERIODS[10] for slot in slots} == {slots[0] % PERIODS[10]}


def test_a_late_answer_delays_its_own_game_by_one_tick(hand: Hand):
    held: list[Ask] = []

    def hold_the_second(ask: Ask) -> None:
        if ask.games.tolist() == [1] and ask.plies.tolist() == [1]:
            held.append(ask)
        else:
            hand.keep_heading(ask)

    hand.reply = hold_the_second
    hand.games.open(opening(1))
    first_ply(hand, opening(2))
    hand.move(PERIODS[10] + 5)
    assert len(held) == 1
    hand.keep_heading(held[0])
    hand.move(PERIODS[10])
    slots = {n: [slot for slot, tick in hand.ticks if tick[0] == n] for n in (1, 2)}
    assert np.diff(slots[1]).tolist() == [2 * PERIODS[10]]
    assert np.diff(slots[2]).tolist() == [PERIODS[10], PERIODS[10]]
    assert not hand.finished


def test_an_answer_missing_for_two_ticks_voids_the_game(hand: Hand):
    hand.reply = lambda ask: None
    first_ply(hand, opening())
    hand.move(1 + PERIODS[10])
    (record,) = hand.finished
    assert record.ending is LiveEnding.VOID
    assert record.outcome is Outcome.ONGOING
    assert record.actions.shape == (0, 2)
    assert len(hand.games) == 0


def test_an_answer_for_a_game_that_moved_on_or_ended_is_dropped(hand: Hand):
    first_ply(hand, opening())
    _, first = hand.asks[0]
    hand.move(1)
    assert hand.games.answer(first, np.array([0], dtype=np.uint8)) == []
    hand.games.leave(1)
    hand.games.open(opening(2))
    assert hand.games.fail(hand.asks[-1][1]) == []
    assert len(hand.games) == 1


def test_invalid_logits_forfeit_to_the_person(hand: Hand):
    hand.reply = lambda ask: hand.finished.extend(
        hand.games.answer(ask, np.zeros(1, dtype=np.uint8), faulty=np.array([True]))
    )
    first_ply(hand, opening(seat=Seat.SECOND))
    (record,) = hand.finished
    assert record.ending is LiveEnding.FORFEIT
    assert record.outcome is Outcome.SECOND_WINS


def test_a_model_that_cannot_answer_voids_only_its_own_games(hand: Hand):
    hand.reply = lambda ask: (
        hand.finished.extend(hand.games.fail(ask)) if ask.model == "m" else hand.keep_heading(ask)
    )
    hand.games.open(opening(1))
    first_ply(hand, opening(2, model="other"))
    hand.move(2)
    assert [record.opening.game for record in hand.finished] == [1]
    assert hand.finished[0].ending is LiveEnding.VOID
    assert len(hand.games) == 1


def test_the_record_holds_every_effective_heading_and_the_rules_outcome(hand: Hand):
    hand.reply = hand.survive
    hand.games.open(opening())
    record = hand.until_finished()
    assert record.ending is LiveEnding.RULES
    assert record.outcome is Outcome.SECOND_WINS, "going straight meets the wall"
    assert record.causes[0] is not DeathCause.NONE
    assert record.causes[1] is DeathCause.NONE
    assert record.actions.tolist() == [tick[6:] for _, tick in hand.ticks]
    assert len(hand.games) == 0


def test_a_ply_limit_ends_with_both_alive():
    hand = Hand(LiveGames(Ruleset(max_plies=2), capacity=1))
    hand.games.open(opening())
    assert hand.until_finished().outcome is Outcome.TRUNCATED


def test_leaving_before_the_first_ply_leaves_no_record(hand: Hand):
    first_ply(hand, opening())
    assert not hand.games.leave(1).begun
    with pytest.raises(RefusedError) as refusal:
        hand.games.leave(1)
    assert refusal.value.code is Refusal.UNKNOWN_GAME


def test_leaving_and_closing_abandon(hand: Hand):
    hand.reply = hand.survive
    hand.games.open(opening(1))
    first_ply(hand, opening(2))
    hand.move(PERIODS[10])
    left = hand.games.leave(1)
    assert left is not None
    assert left.ending is LiveEnding.ABANDONED
    assert left.outcome is Outcome.ONGOING
    assert left.causes == (DeathCause.NONE, DeathCause.NONE)
    assert hand.games.shut(2).ending is LiveEnding.CLOSED
    assert len(hand.games) == 0


def test_a_frozen_game_stands_still_and_goes_on_after_a_countdown(hand: Hand):
    hand.reply = hand.survive
    hand.games.open(opening(1))
    first_ply(hand, opening(2))
    hand.move(1 + 2 * PERIODS[10])
    heading = Action(int(hand.games.engine.headings[0, 0]))
    hand.games.turn(1, Action((heading + 1) % 4))
    assert hand.games.freeze(1)
    before = len(hand.ticks)
    hand.move(PERIODS[10] * 5)
    assert {tick[0] for _, tick in hand.ticks[before:]} == {2}
    stood, wait = hand.games.thaw(1)
    assert wait >= 2 * SLOTS_PER_SECOND
    assert stood.actions.tolist() == [tick[6:] for _, tick in hand.ticks if tick[0] == 1]
    before = len(hand.ticks)
    hand.move(wait + 1)
    (tick,) = (tick for _, tick in hand.ticks[before:] if tick[0] == 1)
    assert tick[1] == 4
    assert tick[6] == heading, "what was queued before is forgotten"
    while len(hand.games):
        hand.move(1)
    slots = [slot for slot, tick in hand.ticks if tick[0] == 1]
    assert len({slot % PERIODS[10] for slot in slots}) == 1, "it keeps its phase"
    frozen = {record.opening.game: record.frozen for record in hand.finished}
    assert frozen == {1: True, 2: False}


def test_a_game_stands_still_only_once(hand: Hand):
    hand.reply = hand.survive
    first_ply(hand, opening())
    assert hand.games.freeze(1)
    hand.games.thaw(1)
    assert not hand.games.freeze(1)
    with pytest.raises(RefusedError) as refusal:
        hand.games.thaw(1)
    assert refusal.value.code is Refusal.UNKNOWN_GAME


def test_a_frozen_game_nobody_comes_back_to_is_abandoned(hand: Hand):
    first_ply(hand, opening())
    hand.move(1 + PERIODS[10])
    hand.games.freeze(1)
    hand.move(FREEZE_SLOTS - 1)
    assert not hand.finished
    hand.move(1)
    (record,) = hand.finished
    assert (record.ending, record.frozen) == (LiveEnding.ABANDONED, False), "nobody gained time"
    assert record.actions.shape[0] == 2
    assert len(hand.games) == 0
    first_ply(hand, opening(2))
    hand.move(1)
    assert hand.ticks[-1][1][0] == 2, "its place is free again"


def test_a_frozen_game_can_be_left_and_closed(hand: Hand):
    for number in (1, 2):
        hand.games.open(opening(number))
    hand.move(3 * SLOTS_PER_SECOND)
    for number in (1, 2):
        hand.games.freeze(number)
    left = hand.games.leave(1)
    assert left is not None
    assert hand.games.shut(2).opening.game == 2
    assert len(hand.games) == 0


def test_an_answer_that_comes_while_a_game_is_frozen_is_kept(hand: Hand):
    held: list[Ask] = []
    hand.reply = held.append
    first_ply(hand, opening())
    hand.games.freeze(1)
    hand.keep_heading(held[0])
    _, wait = hand.games.thaw(1)
    hand.move(wait + 1)
    assert [tick[1] for _, tick in hand.ticks] == [1]


def test_turns_for_an_unknown_game_are_refused(hand: Hand):
    with pytest.raises(RefusedError) as refusal:
        hand.games.turn(5, Action.UP)
    assert refusal.value.code is Refusal.UNKNOWN_GAME


def test_a_full_machine_refuses_and_takes_again_after_an_end():
    hand = Hand(LiveGames(ARENA, capacity=1))
    hand.games.open(opening(1))
    with pytest.raises(RefusedError) as refusal:
        hand.games.open(opening(2))
    assert refusal.value.code is Refusal.FULL
    hand.until_finished()
    hand.finished.clear()
    hand.games.open(opening(2, speed=14))
    assert hand.until_finished().opening.game == 2


def test_driving_it_wrongly_is_an_error(hand: Hand):
    hand.move(5)
    with pytest.raises(LiveError):
        hand.games.beat(3)
    with pytest.raises(LiveError):
        hand.games.open(opening(speed=9))
    hand.games.open(opening())
    with pytest.raises(LiveError):
        hand.games.open(opening())
    with pytest.raises(LiveError):
        LiveGames(ARENA, capacity=1, countdown_slots=10)


@pytest.mark.parametrize("seed", range(40))
def test_people_start_in_the_lower_half(seed: int):
    spawns = spawns_for(ARENA, seed)
    assert spawns[person_seat(spawns)].row >= 16


def test_people_start_left_where_both_rows_are_the_middle():
    spawns = (Spawn(4, 10, Action.UP), Spawn(4, 5, Action.DOWN))
    assert person_seat(spawns) is Seat.SECOND
