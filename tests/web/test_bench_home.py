"""What the benchmark of live play asks for besides games."""

import time
from pathlib import Path

import pytest

from tests.web.site import PATIENCE_SECONDS, serving
from tron_env.benchmarks import Setting
from web import bench_home
from web.bench import live
from web.bench_home import PageReader


def test_the_reader_tells_of_every_page_that_fails_and_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bench_home, "READ_SECONDS", 0.01)
    with serving(tmp_path) as site:
        deadline = time.monotonic() + PATIENCE_SECONDS
        with PageReader(site.url, ["/", "/nowhere"], "") as reader:
            while reader.failed < 2:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        with PageReader(site.url, ["/", "/rounds"], "") as reader:
            time.sleep(0.3)
        assert reader.failed == 0


def test_a_part_of_the_benchmark_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="holds 'nothing': transport, crowned"):
        list(live(Setting(note=str, only="nothing")))
