"""Self-play training with Stable-Baselines3, and export to ONNX; needs the `train` extra."""
