"""The house rules that a parser can check: who imports whom, what is pure, what is committed."""

import ast
import importlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import numpy as np
import pytest

from tests.modules import LAYERS, ROOT, imports, modules, reached, root, walk

PURE = (
    "tron_env.types",
    "tron_env.ruleset",
    "tron_env.spawn",
    "tron_env.kernel",
    "tron_env.observation",
    "tron_env.chambers",
    "tron_env.lanes",
    "tron_env.territory",
    "tron_env.scoring",
    "tron_env.rewards",
    "tron_env.trails",
    "tron_env.symmetry",
    "tron_env.diagrams",
    "tron_env.regions",
    "tron_env.render",
    "replays.format",
    "replays.format_v1",
    "replays.packing",
    "replays.record",
    "replays.turns",
    "replays.coding",
    "replays.playback",
    "replays.view",
    "replays.facts",
    "replays.analysis",
    "replays.commentary",
    "replays.document",
    "replays.fields",
    "replays.filling",
    "replays.frames",
    "replays.interest",
    "replays.interop",
    "replays.marks",
    "replays.places",
    "replays.report",
    "replays.survey",
    "replays.summary",
    "replays.titles",
    "replays.heat",
    "agents.policy",
    "agents.values",
    "arena.names",
    "arena.submission",
    "arena.wire",
    "arena.divisions",
    "arena.durations",
    "arena.swiss",
    "arena.schedule",
    "arena.tally",
    "arena.ratings",
    "web.allowance",
    "web.echoes",
    "web.frames",
    "web.human",
    "web.lateness",
    "arena.pairs",
    "arena.insight",
    "arena.sprt",
    "web.live",
    "web.live_types",
    "web.messages",
    "web.phases",
    "web.plies",
)
"""Modules without files, clocks, sockets or global randomness, and without modules that have."""

PURE_IMPORTS = {
    "confusable_homoglyphs",  # a table
    *("__future__", "abc", "base64", "bisect", "collections", "dataclasses", "datetime", "enum"),
    *(
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "json",
        "llvmlite",
        "math",
        "msgspec",
        "numba",
        "numbers",
    ),
    *(
        "numpy",
        "operator",
        "PIL",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "zlib",
    ),
}
"""What pure modules may import beside the project: all of it computes, none of it acts."""

COMPILER = "tron_env.compiling"
"""Stands before numba: where compiled kernels are kept changes nothing of what they compute."""

IMPURE_CALLS = frozenset({"open", "print", "input", "exec", "eval", "__import__"})
PRINTING = frozenset({"print", "pprint", "click.echo", "click.secho"})
IMPURE_METHODS = frozenset({"now", "open", "save", "today", "utcnow"})
SEEDED_RANDOM = {"Generator", "BitGenerator", "SeedSequence", "PCG64", "Philox", "default_rng"}
GLOBAL_RANDOM = {
    f"{numpy}.random.{name}"
    for numpy in ("np", "numpy")
    for name in set(np.random.__all__) - SEEDED_RANDOM
}

OPTIONAL = {
    "torch": "agents.train",
    "stable_baselines3": "agents.train",
    "sb3_contrib": "agents.train",
    "tensorboard": "agents.train",
    "pettingzoo": "tron_env.pettingzoo",
    "ray": "arena.executors",
    "imageio_ffmpeg": "replays.export",
}
"""Modules of the extras, and the only part that may import each."""

MAX_LINES = 400


def committed() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path]


def test_dependencies_point_down():
    offenders = [
        f"{module.name} imports {name}"
        for module in modules().values()
        for name in sorted(imports(module))
        if root(name) == "tests"
        or (root(name) in LAYERS and LAYERS.index(root(name)) > LAYERS.index(module.layer))
    ]
    assert offenders == []


def test_no_two_modules_need_each_other_to_be_imported():
    offenders = [
        name
        for name, module in modules().items()
        if any(
            name in reached(needed, into_functions=False)
            for needed in imports(module, into_functions=False)
            if needed != name
        )
    ]
    assert offenders == []


def test_extras_stay_in_their_part():
    offenders = [
        f"{module.name} imports {name}"
        for module in modules().values()
        for name in sorted(imports(module))
        if root(name) in OPTIONAL and not module.part_of(OPTIONAL[root(name)])
    ]
    assert offenders == []


def impurities(tree: ast.AST) -> Iterator[str]:
    """Name what in ``tree`` touches files, clocks or global randomness, imports aside."""
    for node in walk(tree, into_functions=True):
        if isinstance(node, ast.Global):
            yield f"global {', '.join(node.names)}"
        if isinstance(node, ast.Attribute) and ast.unparse(node) in GLOBAL_RANDOM:
            yield ast.unparse(node)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in IMPURE_CALLS or called.rpartition(".")[2] in IMPURE_METHODS:
                yield f"{called}()"
            if called.endswith("random.default_rng") and not node.args:
                yield f"{called}() without a seed"


@pytest.mark.parametrize("name", [name for name in PURE if name in modules()])
def test_pure_modules_reach_no_outside_world(name):
    module = modules()[name]
    offenders = [
        f"{reached_name} imports {imported}"
        for reached_name in sorted(reached(name) - {COMPILER})
        for imported in sorted(imports(modules()[reached_name]))
        if root(imported) not in PURE_IMPORTS.union(LAYERS) or imported == "numpy.random"
    ]
    assert offenders + list(impurities(module.tree)) == []


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("x = open('a')", "open()"),
        ("def f(): return datetime.now()", "datetime.now()"),
        ("Image.open('a')", "Image.open()"),
        ("np.random.seed(3)", "np.random.seed"),
        ("np.random.default_rng()", "np.random.default_rng() without a seed"),
        ("def f():\n    global a\n    a = 1", "global a"),
    ],
)
def test_impurities_are_noticed(source, named):
    assert list(impurities(ast.parse(source))) == [named]


def test_seeded_randomness_is_pure():
    source = "def f(rng: np.random.Generator): return np.random.default_rng(3)"
    assert list(impurities(ast.parse(source))) == []


def test_only_command_modules_print():
    talkative = ("cli", "cli_", "bench", "__main__")
    offenders = [
        f"{module.name}:{node.lineno}"
        for module in modules().values()
        if not module.path.stem.startswith(talkative)
        for node in walk(module.tree, into_functions=True)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("print", "pprint", "click.echo")
    ]
    assert offenders == []


def test_modules_stay_readable_in_one_sitting():
    lengths = {name: len(m.path.read_text().splitlines()) for name, m in modules().items()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def entry_points() -> dict[str, dict[str, str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups: dict[str, dict[str, str]] = project["entry-points"]
    return groups


@pytest.mark.parametrize(
    ("group", "name"),
    [(group, name) for group, entries in entry_points().items() for name in entries],
)
def test_entry_points_lead_somewhere(group, name):
    module, _, attribute = entry_points()[group][name].partition(":")
    if "train" in module:
        pytest.importorskip("torch")
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize(
    "name",
    sorted({target.partition(":")[0] for target in entry_points()["tron.commands"].values()}),
)
def test_command_modules_import_only_click_and_the_standard_library(name):
    """So that listing every command stays instant."""
    allowed = {*sys.stdlib_module_names, "click", *LAYERS}
    offenders = [
        f"{reached_name} imports {imported}"
        for reached_name in sorted(reached(name, into_functions=False))
        for imported in sorted(imports(modules()[reached_name], into_functions=False))
        if root(imported) not in allowed
    ]
    assert offenders == []


@pytest.mark.parametrize("layer", LAYERS)
def test_importing_a_package_is_instant(layer):
    heavy = {"flask", "gymnasium", "numba", "numpy", "onnx", "onnxruntime", "sqlalchemy", "torch"}
    code = f"import sys, {layer}; print(*{heavy!r}.intersection(sys.modules))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert loaded.split() == []


def public_names() -> list[tuple[str, str]]:
    return [
        (module.name, name)
        for module in modules().values()
        for node in module.tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in ast.literal_eval(node.value)
    ]


@pytest.mark.parametrize(("module", "name"), public_names())
def test_public_names_can_be_imported(module, name):
    if module.startswith("agents.train"):
        pytest.importorskip("torch")
    assert getattr(importlib.import_module(module), name) is not None


@pytest.mark.parametrize("layer", LAYERS)
def test_packages_are_typed_and_described(layer):
    assert (ROOT / layer / "py.typed").is_file()
    assert ast.get_docstring(modules()[layer].tree)


def is_error_of(value: object, module: str) -> bool:
    return (
        isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == module
    )


def test_every_error_is_of_the_one_tree():
    from agents.errors import AgentError
    from tron_env.errors import TronArenaError

    for name in [name for name in modules() if name.endswith(".errors")]:
        for error in vars(importlib.import_module(name)).values():
            if is_error_of(error, name):
                assert issubclass(error, TronArenaError), f"{name}.{error.__name__}"
                ours = any(base.__name__ == "ArenaFault" for base in error.__mro__)
                assert not (ours and issubclass(error, AgentError)), f"{name}.{error.__name__}"


def test_shipped_models_have_their_cards():
    zoo = ROOT / "agents" / "zoo"
    for model in zoo.rglob("*.onnx"):
        card = model.with_suffix(".md")
        assert card.is_file(), f"{model.name} has no card"
        assert card.read_text().startswith("---\n"), f"{card.name} has no front matter"


def test_committed_replays_verify():
    from replays import decode, verify

    for path in committed():
        if path.endswith(".trp"):
            verify(decode((ROOT / path).read_bytes()))


def test_no_code_of_others_is_committed():
    paths = committed()
    built = ("node_modules/", "static/dist/", "__pycache__/", ".egg-info/")
    bundled = (".min.js", ".min.css", ".map", ".woff", ".woff2", ".ttf", ".whl", ".so")
    assert [path for path in paths if any(part in path for part in built)] == []
    assert [path for path in paths if path.endswith(bundled)] == []
    scripts = [path for path in paths if path.endswith((".js", ".mjs", ".cjs"))]
    homes = ("web/static/js/", "web/build.mjs", "tests/web/", "web/tests/")
    assert [path for path in scripts if not path.startswith(homes)] == []
    assert [path for path in scripts if len((ROOT / path).read_text().splitlines()) > 600] == []


def test_the_lock_file_names_no_registry():
    lock = ROOT / "web" / "package-lock.json"
    packages = json.loads(lock.read_text())["packages"]
    assert len(packages) > 1
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for path, package in packages.items() if path)
