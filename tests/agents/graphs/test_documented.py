"""The examples of ``docs/compile_a_search.md`` are run."""

import re
from pathlib import Path

import numpy as np
import onnxruntime

from agents.graphs import twin
from tests.agents.test_heuristic import advanced
from tron_env.ruleset import ARENA

PAGE = Path(__file__).parents[3] / "docs" / "compile_a_search.md"


def test_the_documented_search_builds_and_its_twin_agrees(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    build, play, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    engine = advanced(ARENA, 6, 12)
    observations = np.empty((engine.n, 5, 32, 32), np.float32)
    engine.gather(np.arange(engine.n), np.zeros(engine.n, np.intp), observations)
    names = {"observations": observations, "twin": twin}
    exec(build, names)
    exec(play, names)
    session = onnxruntime.InferenceSession("mine.onnx", providers=["CPUExecutionProvider"])
    (compiled,) = session.run(None, {"observation": observations})
    assert (compiled == names["logits"]).all()
