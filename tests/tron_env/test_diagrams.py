import pytest
from hypothesis import given, settings

from tests.games import SCRIPTS, SEEDS, plies, rulesets
from tron_env.batch import BatchEngine
from tron_env.diagrams import draw_diagram, parse_diagram
from tron_env.errors import DiagramError
from tron_env.render import render_ansi
from tron_env.types import Outcome

SCENE = """
    ########
    #......#
    #..<bb.#
    #......#
    #aaa>..#
    ########
"""


@settings(deadline=None, max_examples=50)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_a_position_is_read_back_as_it_was_drawn(ruleset, seed, script):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    for _ in plies(engine, [script]):
        state = engine.state(0)
        assert draw_diagram(state) == render_ansi(state, colour=False)
        if engine.outcomes[0] != Outcome.ONGOING:
            return
        again = parse_diagram(draw_diagram(state), ply=state.ply)
        assert (again.heads, again.headings) == (state.heads, state.headings)
        assert (again.cells == state.cells).all()
        engine.reset_to_state(0, again)


def test_the_trail_behind_a_head_tells_whose_it_is():
    state = parse_diagram(SCENE)
    assert state.heads == ((4, 4), (2, 3))
    assert draw_diagram(state) == "\n".join(line.strip() for line in SCENE.split()).strip()
    assert parse_diagram(SCENE, swapped=False).heads == ((2, 3), (4, 4))
    bare = SCENE.replace("a", ".").replace("b", ".")
    assert parse_diagram(bare).heads == ((2, 3), (4, 4))
    assert parse_diagram(SCENE.replace("b", ".")).heads == ((4, 4), (2, 3))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("###\n##", "rows differ in length"),
        ("", "rows differ in length"),
        ("####\n#><x\n####", r"'x' at \(1, 3\); allowed are"),
        ("####\n#>.#\n####", "1 living heads; expected 2"),
        ("####\n#><.\n####", "border is not all wall"),
        ("######\n#a>.a#\n#..^.#\n#..a.#\n######", "both heads lead a trail of seat 0"),
    ],
)
def test_what_is_no_diagram_is_refused(text, told):
    with pytest.raises(DiagramError, match=told):
        parse_diagram(text)
