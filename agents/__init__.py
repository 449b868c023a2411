"""Agents: heuristics, search, ONNX policies, graphs compiled from heuristics, and training."""

import os

# ONNX Runtime reports usage over the network unless it is told not to before its first import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
