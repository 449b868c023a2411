"""Nothing of ours lets ONNX Runtime report usage."""

import subprocess
import sys

CODE = """
import os
os.environ.pop("ORT_DISABLE_TELEMETRY", None)
import agents.onnx_agent
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_the_runtime_is_told_before_its_import() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
