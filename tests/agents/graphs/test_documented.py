"""The examples of ``docs/compile_a_search.md`` are run."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.graphs.compile.__main__ import main
from agents.onnx_agent import OnnxAgent

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "compile_a_search.md").read_text("utf-8")


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """The documented models by name, made by the documented commands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents").symlink_to(ROOT / "agents")
    commands = re.findall(r"^python -m agents.graphs.compile (.*)$", PAGE.replace("\\\n", ""), re.M)
    for command in commands:
        result = CliRunner().invoke(main, shlex.split(command))
        assert result.exit_code == 0, result.output
    return {path.stem: OnnxAgent(path, path.stem) for path in tmp_path.glob("*.onnx")}


def test_the_documented_searches_compile_and_the_documented_twin_agrees(compiled, observations):
    assert compiled.keys() == {"mine", "guided"}
    some = observations[::40]
    (play,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {"observations": some}
    exec(play, names)
    near = names["search"].prior * 1e-4
    assert abs(compiled["guided"].logits(some) - names["guided"]).max() < near
    assert (compiled["mine"].logits(some) != compiled["guided"].logits(some)).any()
