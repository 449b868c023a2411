"""What operators and their machines ask: is it alive, may it have players, how does it fare."""

from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, abort, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from arena.errors import ArenaFault
from web.lateness import Lateness
from web.services import Services, services
from web.texts import tell

LATENESS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200)
INFERENCE_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200)

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
def healthz() -> Response:
    """Answer while the process is of use; otherwise it is to be ended and started again."""
    if services().referee.ended:
        abort(503, tell("error.stopped"))
    return jsonify({"status": "ok"})


@operations.get("/readyz")
def readyz() -> Response:
    """Answer while new players may be sent here: live play runs and the database answers."""
    if not services().referee.alive:
        abort(503, tell("error.not_started"))
    try:
        services().storage.open_round()
    except ArenaFault as error:
        abort(503, tell("error.no_database", why=error))
    return jsonify({"status": "ready"})


@operations.get("/metrics")
def metrics() -> Response:
    """Everything that is counted, in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(Collected(services()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Collected:
    """The site's metrics at the moment they are collected."""

    def __init__(self, site: Services) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        referee, recorder = self._site.referee, self._site.recorder
        yield _histogram(
            "tron_tick_lateness_seconds",
            "How long after its time each tick was written to its socket.",
            referee.lateness,
            LATENESS_MS,
        )
        yield GaugeMetricFamily("tron_live_games", "Games being played.", value=len(referee))
        yield GaugeMetricFamily(
            "tron_live_clients", "Connections to live play.", value=len(self._site.transport)
        )
        ended = CounterMetricFamily(
            "tron_live_games_ended", "Games that ended, by how.", labels=["ending"]
        )
        for ending, count in dict(referee.endings).items():
            ended.add_metric([ending.value], count)
        yield ended
        yield GaugeMetricFamily(
            "tron_page_processes", "Processes that answer pages.", value=self._site.pages.ready
        )
        yield GaugeMetricFamily(
            "tron_games_to_store", "Finished games not stored yet.", value=recorder.backlog
        )
        waiting = GaugeMetricFamily(
            "tron_inference_queue_positions", "Positions waiting for a model.", labels=["model"]
        )
        for model, positions in referee.pool.backlogs().items():
            waiting.add_metric([model[:8]], positions)
        yield waiting
        yield _histogram(
            "tron_inference_seconds",
            "From a model being asked to its answer, for all positions of a phase.",
            referee.pool.answer_times,
            INFERENCE_MS,
        )


def _histogram(
    name: str, text: str, measured: Lateness, edges_ms: tuple[int, ...]
) -> HistogramMetricFamily:
    counts = measured.counts.copy()
    buckets = [(str(edge / 1000), float(sum(counts[:edge]))) for edge in edges_ms]
    buckets.append(("+Inf", float(sum(counts))))
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=measured.seconds)
