"""The public names, and that having them costs nothing until one is used."""

import subprocess
import sys

import pytest

import tron_env

NAMES = [
    "APEX",
    "ARENA",
    "SYMMETRIES",
    "Action",
    "Agent",
    "AgentFactory",
    "AgentSpecError",
    "BatchEngine",
    "Cell",
    "CellKind",
    "DeathCause",
    "DiagramError",
    "EmptyActionMaskError",
    "EngineError",
    "GameState",
    "InvalidActionError",
    "OptionError",
    "Outcome",
    "Owner",
    "Plane",
    "Rewards",
    "Ruleset",
    "RulesetError",
    "Seat",
    "Spawn",
    "SpawnLayout",
    "Symmetry",
    "TronArenaError",
    "TronEnv",
    "TronParallelEnv",
    "TronVectorEnv",
    "aec_env",
    "apex_score",
    "are_separated",
    "convert_rewards",
    "draw_diagram",
    "make_agent",
    "parallel_env",
    "parse_diagram",
    "reachable_map",
    "register_envs",
    "render_ansi",
    "render_rgb",
    "ruleset_named",
    "spawns_for",
    "territory_map",
]

HEAVY = {
    "numba",
    "numpy",
    "gymnasium",
    "PIL",
    "torch",
    "flask",
    "sqlalchemy",
    "onnxruntime",
    "onnx",
    "pettingzoo",
    "pygame",
}


def loaded_by(*lines: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after running ``lines``."""
    tell = "import sys; print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, tell])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_public_names_are_exactly_these():
    assert tron_env.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_resolves_and_is_listed(name):
    value = getattr(tron_env, name)
    assert name in dir(tron_env)
    if isinstance(value, type) or callable(value):
        assert value.__module__.startswith("tron_env.")
        assert value.__doc__


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'Bike'"):
        _ = tron_env.Bike


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_by("import tron_env") & HEAVY


def test_cheap_names_stay_cheap():
    assert not loaded_by("from tron_env import Ruleset, RulesetError, APEX") & HEAVY


def test_help_loads_nothing_heavy():
    """Every command's module is read for its one-line help; none may pull its work in."""
    loaded = loaded_by(
        "import sys",
        "sys.argv = ['tron', '--help']",
        "from tron_env.cli import main",
        "try:",
        "    main()",
        "except SystemExit as done:",
        "    assert not done.code, done.code",
    )
    assert "click" in loaded
    assert not loaded & HEAVY
