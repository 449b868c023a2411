import pytest

from tests.doubles import Entries
from tron_env import agent
from tron_env.errors import AgentSpecError


class Entry:
    def __init__(self, name):
        self.name = name

    def load(self):
        return lambda argument: (self.name, argument)


@pytest.fixture(autouse=True)
def known(monkeypatch):
    names = ("random", "minimax", "champion", "onnx")
    found = Entries({name: Entry(name) for name in names})
    monkeypatch.setattr(agent, "entry_points", lambda group: found)


@pytest.mark.parametrize(
    ("spec", "made"),
    [
        ("random", ("random", "")),
        ("minimax:depth=4", ("minimax", "depth=4")),
        ("champion@2", ("champion", "2")),
        ("models/mine.onnx", ("onnx", "models/mine.onnx")),
        ("C:mine@home.onnx", ("onnx", "C:mine@home.onnx")),
        ("minimax:ms=100@x:y", ("minimax", "ms=100@x:y")),
    ],
)
def test_specs_name_a_factory_and_its_argument(spec, made):
    assert agent.make_agent(spec) == made


@pytest.mark.parametrize("spec", ["", "nobody", ":depth=4", "@2", "Random"])
def test_unknown_names_list_the_known_ones(spec):
    with pytest.raises(AgentSpecError, match="champion, minimax, onnx, random"):
        agent.make_agent(spec)
