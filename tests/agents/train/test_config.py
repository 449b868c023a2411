import dataclasses
import json

import pytest

from agents.train.config import PRESETS, NetworkConfig, TrainConfig, preset_named
from agents.train.errors import TrainingConfigError

NAMED = {"self_play_weight": "opponent weights", "ruleset": "no ruleset is called"}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_survive_json(name):
    config = preset_named(name)
    assert TrainConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0),
        ("batch_size", 1000),
        ("gamma", 1.5),
        ("learning_rate", 0.0),
        ("self_play_weight", -1.0),
        ("seed", -1),
        ("ruleset", "chess"),
    ],
)
def test_a_bad_field_is_named(field, value):
    with pytest.raises(TrainingConfigError, match=NAMED.get(field, field)):
        dataclasses.replace(TrainConfig(), **{field: value})


def test_an_opponent_is_needed():
    with pytest.raises(TrainingConfigError, match="opponent weights"):
        TrainConfig(self_play_weight=0.0, anchors=())


def test_a_window_too_small_for_its_convolutions_is_refused():
    with pytest.raises(TrainingConfigError, match="fovea_radius"):
        NetworkConfig(fovea_radius=3)


@pytest.mark.parametrize("text", ["[]", "{", '{"stepz": 3}', '{"steps": "many"}', "3"])
def test_malformed_json_is_refused(text):
    with pytest.raises(TrainingConfigError, match="not a training configuration"):
        TrainConfig.from_json(text)


@pytest.mark.parametrize("field", ["survival_bonus", "algorithm", "network"])
def test_a_setting_that_is_not_stored_is_not_made_up(field):
    stored = json.loads(TrainConfig().to_json())
    del stored[field]
    with pytest.raises(TrainingConfigError, match=f"TrainConfig lacks {field}"):
        TrainConfig.from_json(json.dumps(stored))


def test_a_size_that_is_not_stored_is_not_made_up():
    stored = json.loads(TrainConfig().to_json())
    del stored["network"]["territory_steps"]
    with pytest.raises(TrainingConfigError, match="NetworkConfig lacks territory_steps"):
        TrainConfig.from_json(json.dumps(stored))


def test_an_unknown_preset_is_refused_by_name():
    with pytest.raises(TrainingConfigError, match="known are quick, small, strong"):
        preset_named("huge")
