"""`tron replay search`, `tron replay pass` and `tron replay insight`, over one finished round."""

from functools import partial

import pytest

from arena.analyst import judge_game
from arena.cli_replay import CAUSES, RESULTS
from arena.records import Result
from arena.settings import load_settings
from arena.storage import open_storage
from replays.titles import TAGS
from tests.arena import commands
from tests.web import stocked
from tron_env.errors import TronArenaError
from tron_env.types import DeathCause

ANN, BOB, CYD = stocked.NAMES
run = partial(commands.run, "replay")
as_json = partial(commands.as_json, "replay")


@pytest.fixture(autouse=True)
def storage(tmp_path, monkeypatch):
    """A round of three with two games a pair, not analysed yet; the next round is open."""
    monkeypatch.setenv("TRON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRON_DATABASE_URL", raising=False)
    with open_storage(load_settings()) as opened:
        number = stocked.close_round(opened)
        stocked.play_round(opened, number)
        stocked.crown(opened, number)
        yield opened


def analysed():
    return run("pass", "--workers", 1)


def test_a_pass_sees_every_game_once():
    assert as_json("pass", "--workers", 1) == {"games": 6, "deep": []}
    assert "0 games summarised, 0 judged in depth" in analysed().stdout


def test_a_pass_makes_the_deep_passes_that_wait(storage, monkeypatch):
    monkeypatch.setattr(
        "arena.analyst.judge_game",
        lambda encoded: judge_game(encoded, "minimax:nodes=20", "minimax:nodes=60"),
    )
    analysed()
    featured = storage.featured_of_round(1)
    assert storage.deep(featured) is None
    assert as_json("pass", "--workers", 1, "--deep", 5) == {"games": 0, "deep": [featured]}
    assert storage.deep(featured)["judges"] == "minimax:nodes=20 minimax:nodes=60"


def test_games_are_found_before_and_after_the_pass(storage):
    unseen = as_json("search")
    assert unseen["count"] == "6"
    assert [game["id"] for game in unseen["games"]] == [6, 5, 4, 3, 2, 1]
    assert unseen["games"][0]["title"] is None
    analysed()
    for game in as_json("search")["games"]:
        summary = storage.summaries([game["id"]])[game["id"]]
        assert (game["title"], game["tags"]) == (summary.title, list(summary.tags))
        assert game["rating_gap"] == summary.rating_gap != 0
    newest, _, count = run("search", "--limit", 2).stdout.splitlines()
    summary = storage.summaries([6])[6]
    assert newest.split()[0] == "6"
    assert newest.endswith(f"{summary.title}  {', '.join(summary.tags)}")
    assert count == "6 games; more with --after 5"


def test_pages_follow_each_other_in_both_orders(storage):
    analysed()
    for order in ((), ("--best",)):
        first = as_json("search", *order, "--limit", 4)
        rest = as_json("search", *order, "--limit", 4, "--after", first["after"])
        assert (len(first["games"]), len(rest["games"]), rest["after"]) == (4, 2, None)
        seen = [game["id"] for game in first["games"] + rest["games"]]
        assert sorted(seen) == [1, 2, 3, 4, 5, 6]
        if order:
            interest = [storage.summaries([game])[game].interest for game in seen]
            assert interest == sorted(interest, reverse=True)


def test_options_are_the_filters_of_their_names(storage):
    analysed()
    every = as_json("search")["games"]

    def ids(*options):
        return [game["id"] for game in as_json("search", *options)["games"]]

    def those(fits):
        return [game["id"] for game in every if fits(game)]

    assert ids("--name", ANN) == those(lambda game: ANN in game["names"]) != []
    assert ids("--name", ANN, "--opponent", CYD) == those(
        lambda game: sorted(game["names"]) == sorted([ANN, CYD])
    )
    assert ids("--round", 1) == those(lambda _: True)
    assert ids("--round", 2) == ids("--human") == ids("--take-over") == []
    assert ids("--no-human", "--no-take-over") == those(lambda _: True)
    for cause in CAUSES:
        assert ids("--cause", cause) == those(lambda game, cause=cause: cause in game["causes"])
    for result, outcomes in (("win", ("first_wins", "second_wins")), ("draw", ("draw",))):
        assert ids("--result", result) == those(
            lambda game, outcomes=outcomes: game["outcome"] in outcomes
        )
    longest = max(game["plies"] for game in every)
    assert ids("--min-plies", longest) == those(lambda game: game["plies"] == longest) != []
    assert ids("--max-plies", longest - 1) == those(lambda game: game["plies"] < longest)
    assert ids("--tag", "short") == those(lambda game: "short" in game["tags"])
    assert ids("--min-gap", 60) == those(lambda game: abs(game["rating_gap"]) >= 60) != []
    assert ids("--max-gap", 60) == those(lambda game: abs(game["rating_gap"]) <= 60) != []


def test_choices_are_all_that_there_are():
    assert set(RESULTS) == set(Result)
    assert {DeathCause[cause.upper()] for cause in CAUSES} == set(DeathCause) - {DeathCause.NONE}


def test_what_cannot_be_asked_for_is_refused():
    assert all(tag in run("search", "--tag", "nice", status=2).stderr for tag in TAGS)
    assert "needs a name" in run("search", "--opponent", ANN, status=2).stderr
    assert "names no page" in run("search", "--best", "--after", "5", status=2).stderr
    for option, value in (("--limit", 0), ("--result", "won"), ("--min-plies", "few")):
        assert option in run("search", option, value, status=2).stderr
    assert "--workers" in run("pass", "--workers", 0, status=2).stderr
    assert "--deep" in run("pass", "--deep", -1, status=2).stderr
    assert "NAME" in run("insight", status=2).stderr


def test_a_search_that_finds_nothing_says_so():
    assert run("search", "--round", 9).stdout == "0 games\n"
    assert as_json("search", "--name", "nobody") == {"count": "0", "games": [], "after": None}


def test_an_insight_is_told_after_the_pass(storage):
    assert "run `tron replay pass`" in run("insight", ANN, status=1).stderr
    analysed()
    told = as_json("insight", ANN)
    assert told["games"] == told["wins"] + told["draws"] + told["losses"] == 4
    assert {each["name"] for each in told["opponents"]} == {BOB, CYD}
    shown = run("insight", ANN, "--round", 1).stdout
    assert f"4: {told['wins']} won, {told['draws']} drawn, {told['losses']} lost" in shown
    assert "no deep pass is stored" in shown
    board = shown.splitlines()[-32:]
    assert {len(row) for row in board} == {32}
    for row, counts in zip(board, told["visited"], strict=True):
        assert [cell != " " for cell in row] == [count > 0 for count in counts]


def test_an_insight_needs_a_finished_round_with_that_entrant(storage):
    assert "'dan' is not in round 1" in run("insight", "dan", status=1).stderr
    with pytest.raises(TronArenaError, match="there is no round 9"):
        run("insight", ANN, "--round", 9)
    assert "round 2 is open" in run("insight", ANN, "--round", 2, status=1).stderr
    stocked.close_round(storage)
    assert "round 2 is running" in run("insight", ANN, "--round", 2, status=1).stderr
