from click.testing import CliRunner

from agents.graphs.__main__ import SHIPPED, compiled, main
from agents.graphs.description import ShippedSearch, TreeSearch
from agents.graphs.search import build_search
from agents.zoo import shipped_model


def test_shipped_graphs_are_regenerated_byte_for_byte(tmp_path):
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "zoo")])
    assert result.exit_code == 0, result.output
    made = {path.stem: path.read_bytes() for path in (tmp_path / "zoo").iterdir()}
    assert made.keys() == SHIPPED.keys()
    for name, model in made.items():
        assert model == shipped_model(name).path.read_bytes(), name
        assert name in result.output


def test_a_shipped_search_may_name_a_shipped_network_as_its_prior():
    search = TreeSearch(rounds=1, width=4, prior=3000)
    network = shipped_model("distilled").path.read_bytes()
    assert compiled(ShippedSearch(search, "distilled")) == build_search(search, network)
