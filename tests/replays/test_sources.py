import io
import os
import sys
import threading
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from replays import sources
from replays.errors import ReplayNotFoundError
from replays.format import MAX_BYTES
from replays.sources import find_replay, find_replays

ASKED = []


def knows_twelve(reference):
    ASKED.append(reference)
    return b"twelve" if reference == "12" else None


def knows_everything(reference):
    return b"anything"


def lists_two(reference):
    return (b"one", b"two") if reference == "both" else None


def install(monkeypatch, lists=None, **functions):
    """Register functions of this module as sources and lists."""
    groups = {sources.ENTRY_POINT_GROUP: functions, sources.LIST_ENTRY_POINT_GROUP: lists or {}}
    found = EntryPoints(
        EntryPoint(name, f"{__name__}:{function}", group)
        for group, named in groups.items()
        for name, function in named.items()
    )
    monkeypatch.setattr(sources, "entry_points", lambda group: found.select(group=group))


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch):
    install(monkeypatch)


def test_files_come_first(tmp_path, monkeypatch):
    install(monkeypatch, every="knows_everything")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "12").write_bytes(b"the file")
    assert find_replay("12") == b"the file"
    assert find_replay("13") == b"anything"


def test_sources_are_asked_in_order_of_name(monkeypatch):
    install(monkeypatch, b_every="knows_everything", a_twelve="knows_twelve")
    assert find_replay("12") == b"twelve"
    assert find_replay("13") == b"anything"
    assert ASKED == ["12", "13"]


def test_nobody_knows_it():
    with pytest.raises(ReplayNotFoundError, match="12: there is no such replay"):
        find_replay("12")


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    assert find_replay("-") == b"piped"


def test_endless_input_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(bytes(MAX_BYTES * 3))
    assert len(find_replay(str(path))) == MAX_BYTES + 1


def test_pipes_are_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"piped",))
    writer.start()
    assert find_replay(str(path)) == b"piped"
    writer.join()


def test_folders_and_impossible_names_are_not_found(tmp_path):
    for reference in (str(tmp_path), "a" * 5000):
        with pytest.raises(ReplayNotFoundError):
            find_replay(reference)


def test_a_folder_is_all_replays_in_it(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.trp", "sub/a.trp", "notes.txt"):
        (tmp_path / name).write_text(name)
    assert find_replays(str(tmp_path)) == (b"b.trp", b"sub/a.trp")


def test_lists_are_asked_before_single_sources(monkeypatch):
    install(monkeypatch, lists={"two": "lists_two"}, every="knows_everything")
    assert find_replays("both") == (b"one", b"two")
    assert find_replays("other") == (b"anything",)


def test_a_reference_that_nobody_lists_or_knows():
    with pytest.raises(ReplayNotFoundError, match="nowhere"):
        find_replays("nowhere")
