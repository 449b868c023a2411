"""What tests of the site's pages begin with; some modules have their own."""

from pathlib import Path

import pytest
from flask import Flask

from arena.settings import load_settings
from web.app import create_app
from web.config import WebConfig


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """The site over an empty home, without live play."""
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    return create_app(WebConfig(settings, "a key for tests only", capacity=1))
