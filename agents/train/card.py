"""The card that `tron export` writes beside a model: what it is, how it was made, what it can do.

Markdown with a front matter of one-line ``key: value`` pairs, as ``agents.zoo`` reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.train.checkpoint import Checkpoint
from agents.train.evaluation import Score
from agents.train.export import Parity


@dataclass(frozen=True, slots=True)
class Card:
    """All that a card tells."""

    model: Path
    checkpoint: Checkpoint
    parity: Parity
    scores: Sequence[Score]
    export_command: str
    ensemble: bool


def write_card(card: Card) -> Path:
    """Write the card beside the model, as ``NAME.md``, and return its path."""
    path = card.model.with_suffix(".md")
    partial = path.with_suffix(".partial")
    partial.write_text(text(card), encoding="utf-8")
    partial.replace(path)
    return path


def text(card: Card) -> str:
    """Return the card."""
    front = "\n".join(f"{key}: {value}" for key, value in _front(card).items())
    return f"---\n{front}\n---\n\n# {card.model.stem}\n\n{_body(card)}"


def _front(card: Card) -> dict[str, str]:
    history = card.checkpoint.history
    commands = [*(stage.command for stage in history), card.export_command]
    seconds = sum(stage.seconds for stage in history)
    results = ", ".join(f"{score.opponent} {_points(score)}" for score in card.scores)
    return {
        "name": card.model.stem,
        "title": card.model.stem,
        "summary": f"A neural network of {_weights(card):,} weights.",
        "what": _what(card),
        "how": "; then ".join(stage.summary for stage in history) or "not recorded",
        "command": " && ".join(commands),
        "commit": ", ".join(dict.fromkeys(stage.commit for stage in history)) or "unknown",
        "seed": ", ".join(str(stage.seed) for stage in history) or "not recorded",
        "steps": ", ".join(str(stage.steps) for stage in history) or str(card.checkpoint.steps),
        "time": f"{seconds / 60:.0f} minutes" if history else "not recorded",
        "results": results or "not measured",
        "parity": f"largest error {card.parity.largest_error:.1e}, "
        f"{card.parity.decision_changes} decisions changed on {card.parity.positions} positions",
        "license": "MIT",
    }


def _weights(card: Card) -> int:
    return sum(tensor.numel() for tensor in card.checkpoint.network().parameters())


def _what(card: Card) -> str:
    network = card.checkpoint.config.network
    side = 2 * network.fovea_radius + 1
    parts = [f"A convolutional network that looks at {side}x{side} cells around its own head"]
    if network.territory_steps:
        parts.append(f"with territory computed in the graph ({network.territory_steps} steps)")
    if card.ensemble:
        parts.append("asked on all eight images of the board")
    return ", ".join(parts) + "; no search."


def _points(score: Score) -> str:
    low, high = score.interval
    return f"{score.points:.3f} [{low:.3f}, {high:.3f}]"


def _body(card: Card) -> str:
    lines = ["**How it was made.**", ""]
    for stage in card.checkpoint.history:
        lines.append(
            f"- `{stage.command}`: {stage.summary}, {stage.steps:,} steps, seed {stage.seed}, "
            f"{stage.seconds / 60:.0f} minutes, commit {stage.commit}"
        )
    lines += [f"- `{card.export_command}`", ""]
    if card.scores:
        lines += [
            f"**Measured** on {card.scores[0].games // 2} mirrored starts against each, played "
            "twice with seats exchanged: points a game with Wilson's 95% interval, each start "
            "counted once.",
            "",
            "| opponent | points | won | drawn | lost |",
            "|---|---|---|---|---|",
        ]
        for score in card.scores:
            lines.append(
                f"| `{score.opponent}` | {_points(score)} | {score.wins} | {score.draws} | "
                f"{score.losses} |"
            )
        lines.append("")
    return "\n".join(lines)
