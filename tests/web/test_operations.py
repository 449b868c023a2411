"""What operators' machines are told."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from arena.settings import load_settings
from tests.web.site import Site, riding, serving
from web.app import create_app
from web.config import WebConfig
from web.services import EXTENSION


def get(site: Site, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(site.url + path) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metrics(site: Site) -> dict[tuple[str, str], float]:
    _, text = get(site, "/metrics")
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_site_that_plays_is_alive_ready_and_measured(tmp_path: Path):
    with serving(tmp_path) as site, riding(site) as rider:
        assert get(site, "/healthz")[0] == 200
        assert get(site, "/readyz")[0] == 200
        rider.ride("zoo/wall-hugger")
        rider.join("zoo/wall-hugger", 8)
        rider.next("tick")
        seen = metrics(site)
        assert seen["tron_live_games", ""] == 1
        assert seen["tron_live_clients", ""] == 1
        assert seen["tron_live_games_ended_total", "rules"] == 1
        ticks = seen["tron_tick_lateness_seconds_count", ""]
        assert ticks > 1
        assert seen["tron_tick_lateness_seconds_bucket", "+Inf"] == ticks
        edges = [
            seen["tron_tick_lateness_seconds_bucket", edge] for edge in ("0.001", "0.01", "0.1")
        ]
        assert edges == sorted(edges)
        assert seen["tron_inference_seconds_count", ""] > 0
        model = site.services.opponents.find("zoo/wall-hugger").sha256
        assert seen["tron_inference_queue_positions", model[:8]] >= 0


def test_a_site_whose_clock_does_not_run_is_not_ready_and_once_it_ended_is_dead(tmp_path: Path):
    app = create_app(WebConfig(load_settings({"TRON_HOME": str(tmp_path)}), "a key for tests only"))
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    referee = app.extensions[EXTENSION].referee
    referee.stop()
    referee.run()
    assert client.get("/healthz").status_code == 503
    app.extensions[EXTENSION].storage.close()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_machines_are_given_no_session(tmp_path: Path, path: str):
    with serving(tmp_path) as site, urllib.request.urlopen(site.url + path) as answer:
        assert "Set-Cookie" not in answer.headers
