"""What a site does before its first request, so that no request has to."""

import json
import subprocess
import sys
from pathlib import Path

from arena.settings import load_settings
from arena.storage import open_storage
from tests.web import stocked

# In a process of its own: in this one, other tests have compiled whatever there is.
SCRIPT = """
import gc, json, sys, urllib.request
from pathlib import Path
from numba.core.dispatcher import Dispatcher
from tests.web.site import riding, serving

def compiled():
    gc.unfreeze()  # the server hides what is there before it serves from the collector
    kernels = [each for each in gc.get_objects() if isinstance(each, Dispatcher)]
    return {f"{each.__module__}.{each.__name__}": len(each.overloads) for each in kernels}

paths = json.loads(sys.argv[2])
with serving(Path(sys.argv[1])) as site:
    urllib.request.urlopen(site.url + "/healthz").close()  # it serves by now
    before = compiled()
    for path in paths:
        urllib.request.urlopen(site.url + path).close()
    with riding(site) as rider:
        rider.ride("champion", 8)
    after = compiled()
print(json.dumps([before, after]))
"""
PATHS = (
    *("/", "/play", "/rounds", "/rounds/1", "/duels/1", "/replays", "/replays/1", "/healthz"),
    *("/api/v1/status", "/api/v1/rounds/1", "/api/v1/replays/1"),
)


def test_nothing_is_compiled_on_a_request_or_in_a_game(tmp_path: Path):
    with open_storage(load_settings({"TRON_HOME": str(tmp_path)})) as storage:
        number = stocked.close_round(storage)
        stocked.play_round(storage, number)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), json.dumps(PATHS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    assert any(before.values())
    assert after == before
