import pytest
from click.testing import CliRunner

from agents.graphs.compile.__main__ import main
from agents.graphs.description import Evaluation, TreeSearch
from agents.graphs.search import build_search
from agents.zoo import FOLDER

NETWORK = FOLDER / "distilled.onnx"


def test_a_recipe_is_compiled_with_its_prior(tmp_path):
    out = tmp_path / "mine.onnx"
    recipe = "rounds=1,width=4,cell=100,prior=3000"
    result = CliRunner().invoke(main, [recipe, "--prior", str(NETWORK), "--out", str(out)])
    assert result.exit_code == 0, result.output
    search = TreeSearch(rounds=1, width=4, prior=3000, evaluation=Evaluation(cell=100))
    assert out.read_bytes() == build_search(search, NETWORK.read_bytes())
    assert result.output == f"{out}  {out.stat().st_size} bytes\n"


@pytest.mark.parametrize(
    ("recipe", "prior", "complaint"),
    [
        ("rounds=many", None, "tree: invalid literal"),
        ("rings=3", None, "cannot read 'rings=3'"),
        ("prior=100001", NETWORK, "prior is 100001; allowed are 0 to 100000"),
        ("prior=3000", None, "prior is 3000, of no network"),
        ("rounds=1", NETWORK, "prior, its weight, is 0"),
        ("prior=3000", FOLDER / "ppo-small.onnx", "opset ai.onnx 17"),
        ("prior=3000", FOLDER / "duelist.md", "no ONNX model"),
        ("prior=3000", FOLDER / "missing.onnx", "does not exist"),
    ],
)
def test_bad_input_is_named_and_nothing_written(tmp_path, recipe, prior, complaint):
    out = tmp_path / "mine.onnx"
    given = [] if prior is None else ["--prior", str(prior)]
    result = CliRunner().invoke(main, [recipe, *given, "--out", str(out)])
    assert result.exit_code != 0
    assert result.output.count("Error: ") == 1
    assert complaint in result.output.replace("\n", " ")
    assert not out.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    result = CliRunner().invoke(main, ["rounds=0", "--out", str(tmp_path / "no" / "mine.onnx")])
    assert result.exit_code == 1
    assert "No such file or directory" in result.output
