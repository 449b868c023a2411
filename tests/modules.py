"""The project's modules as a parser sees them: what each imports, and what that leads to."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ("tron_env", "replays", "agents", "arena", "web")
"""Each package may import those before it."""


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module

    @property
    def layer(self) -> str:
        return self.name.partition(".")[0]

    def part_of(self, name: str) -> bool:
        return self.name == name or self.name.startswith(name + ".")


@cache
def modules() -> dict[str, Module]:
    found = {}
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path, ast.parse(path.read_text(), str(path)))
    return found


def walk(node: ast.AST, *, into_functions: bool) -> Iterator[ast.AST]:
    """Yield the nodes below; without functions, those that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if not into_functions:
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
        yield child
        yield from walk(child, into_functions=into_functions)


def imports(module: Module, *, into_functions: bool = True) -> set[str]:
    """Return the dotted names that ``module`` imports; of the project's, the modules meant."""
    found = set()
    for node in walk(module.tree, into_functions=into_functions):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            for alias in node.names:
                member = f"{node.module}.{alias.name}"
                found.add(member if member in modules() else str(node.module))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def reached(start: str, *, into_functions: bool = True) -> set[str]:
    """Return the project's modules that ``start`` imports, directly or not."""
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name in seen or name not in modules():
            continue
        seen.add(name)
        todo += imports(modules()[name], into_functions=into_functions)
    return seen


def root(dotted: str) -> str:
    return dotted.partition(".")[0]
