from click.testing import CliRunner

from agents.graphs.__main__ import SHIPPED, main
from agents.zoo import shipped_model


def test_shipped_graphs_are_regenerated_byte_for_byte(tmp_path):
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "zoo")])
    assert result.exit_code == 0, result.output
    made = {path.stem: path.read_bytes() for path in (tmp_path / "zoo").iterdir()}
    assert made.keys() == SHIPPED.keys()
    for name, model in made.items():
        assert model == shipped_model(name).path.read_bytes(), name
        assert name in result.output
