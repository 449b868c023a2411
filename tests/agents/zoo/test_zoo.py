import hashlib
import re

import pytest

from agents import zoo
from agents.errors import ZooError
from agents.zoo import DEFAULT_CHAMPION, FOLDER, REQUIRED_KEYS, read_card, shipped, shipped_model

REST = "\n".join(f"{key}: x" for key in REQUIRED_KEYS if key != "name")


def test_every_model_has_a_card_and_every_card_a_model():
    models = shipped()
    assert {model.name for model in models} >= {"wall-hugger", "voronoi"}
    assert [model.name for model in models] == sorted(model.name for model in models)
    assert {path.stem for path in FOLDER.glob("*.md")} == {model.name for model in models}
    for model in models:
        assert model.sha256 == hashlib.sha256(model.path.read_bytes()).hexdigest()
        assert model.title
        assert model.summary.endswith(".")
        card = read_card(model.path.with_suffix(".md"))
        assert card["license"] == "MIT"
        assert re.fullmatch(r"[0-9a-f]{7,}(, [0-9a-f]{7,})*", card["commit"])
        scores = card["results"].split("], ")
        assert all(re.search(r"\S \d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\]?$", each) for each in scores)


def test_the_first_champion_is_shipped():
    assert shipped_model(DEFAULT_CHAMPION).name == DEFAULT_CHAMPION


def test_baselines_are_the_light_ones():
    light = {model.name for model in zoo.baselines()}
    assert {"duelist", "voronoi"} <= light
    assert {model.name for model in shipped()} - light >= {"warden"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("division: heavy", "division is 'heavy'"),
        ("values: odds", "values are 'odds'"),
    ],
)
def test_unknown_divisions_and_values_are_named(tmp_path, monkeypatch, line, complaint):
    (tmp_path / "y.onnx").write_bytes(b"")
    (tmp_path / "y.md").write_text(f"---\nname: y\n{REST}\n{line}\n---\n")
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    with pytest.raises(ZooError, match=rf"y\.md: {complaint}"):
        shipped.__wrapped__()


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ZooError, match=r"known are .*voronoi"):
        shipped_model("nobody")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("# No front matter\n", "front matter"),
        ("---\nname: x\n", "front matter"),
        (
            "---\nname: x\n---\n",
            "lacks title, summary, how, command, commit, seed, time, results, license",
        ),
        ("---\nname\n---\n", "not 'key: value'"),
    ],
)
def test_broken_cards_are_named(tmp_path, text, complaint):
    path = tmp_path / "x.md"
    path.write_text(text)
    with pytest.raises(ZooError, match=rf"x\.md.*{complaint}"):
        read_card(path)


def test_a_model_without_card_or_with_anothers_is_refused(tmp_path, monkeypatch):
    (tmp_path / "y.onnx").write_bytes(b"")
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    with pytest.raises(ZooError, match=r"y\.md cannot be read"):
        shipped.__wrapped__()
    (tmp_path / "y.md").write_text(f"---\nname: z\n{REST}\n---\n")
    with pytest.raises(ZooError, match="is about 'z'"):
        shipped.__wrapped__()
