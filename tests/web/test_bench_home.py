"""What the benchmark of live play asks for besides games."""

import time
from pathlib import Path

import pytest

from tests.web.site import PATIENCE_SECONDS, serving
from web import bench_home
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
