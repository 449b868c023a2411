"""How Gymnasium learns of the environment, each time in an interpreter of its own."""

import subprocess
import sys

import gymnasium
import pytest

from tron_env.registration import ENV_ID, register_envs

MAKE = "print(type(gymnasium.make({!r}).unwrapped).__name__)"


def run(*lines: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("imports", "env_id"),
    [
        (["import gymnasium"], "tron_env:Tron-v0"),
        (["import gymnasium", "import tron_env"], "Tron-v0"),
        (["import tron_env", "import gymnasium"], "Tron-v0"),
        (["import tron_env", "import gymnasium"], "tron_env:Tron-v0"),
        (["from tron_env import Ruleset, TronEnv", "import gymnasium"], "Tron-v0"),
        (["import tron_env.types", "import gymnasium.spaces", "import gymnasium"], "Tron-v0"),
    ],
)
def test_make_works_whatever_is_imported_first(imports, env_id):
    assert run(*imports, MAKE.format(env_id)) == "TronEnv"


def test_importing_the_package_does_not_import_gymnasium():
    assert run("import sys, tron_env", "print('gymnasium' in sys.modules)") == "False"


def test_looking_for_gymnasium_without_importing_it_is_harmless():
    assert (
        run(
            "import tron_env, importlib.util, sys",
            "assert importlib.util.find_spec('gymnasium').origin.endswith('__init__.py')",
            "assert 'gymnasium' not in sys.modules",
            "import gymnasium, inspect, importlib.resources",
            "assert 'def make' in inspect.getsource(gymnasium.make)",
            "assert importlib.resources.files('gymnasium').is_dir()",
            "print('Tron-v0' in gymnasium.registry, len([f for f in sys.meta_path"
            " if type(f).__module__.startswith('tron_env')]))",
        )
        == "True 0"
    )


def test_the_package_works_where_gymnasium_is_missing():
    assert (
        run(
            "import sys",
            "class Missing:",
            "    def find_spec(self, name, path=None, target=None):",
            "        if name.split('.')[0] == 'gymnasium':",
            "            raise ModuleNotFoundError(name)",
            "sys.meta_path.insert(0, Missing())",
            "import tron_env",
            "print(tron_env.spawns_for(tron_env.APEX, 0)[0][:2])",
        )
        == "(1, 1)"
    )


def test_registering_again_is_harmless():
    register_envs()
    register_envs()
    assert gymnasium.spec(ENV_ID).entry_point == "tron_env.env:TronEnv"
    assert gymnasium.spec(ENV_ID).vector_entry_point == "tron_env.vector:TronVectorEnv"
