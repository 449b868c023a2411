import hashlib
import os

import pytest

from arena.errors import StorageError
from arena.models import ModelStore


def test_equal_bytes_are_kept_once(tmp_path):
    store = ModelStore(tmp_path / "models")
    first = store.put(b"weights")
    assert first == store.put(b"weights") == hashlib.sha256(b"weights").hexdigest()
    assert [path.name for path in store.folder.iterdir()] == [f"{first}.onnx"]
    assert store.get(first) == b"weights"


def test_missing_and_damaged_models_are_faults(tmp_path):
    store = ModelStore(tmp_path)
    with pytest.raises(StorageError, match="missing"):
        store.get("0" * 64)
    sha256 = store.put(b"weights")
    store.path(sha256).write_bytes(b"other")
    with pytest.raises(StorageError, match="damaged"):
        store.get(sha256)


def test_a_damaged_model_is_mended_by_storing_it_again(tmp_path):
    store = ModelStore(tmp_path)
    sha256 = store.put(b"weights")
    store.path(sha256).write_bytes(b"wei")
    assert store.put(b"weights") == sha256
    assert store.get(sha256) == b"weights"


def test_what_killed_writers_left_is_removed_and_what_others_write_is_not(tmp_path):
    store = ModelStore(tmp_path)
    left, busy = tmp_path / ".new-left", tmp_path / ".new-busy"
    for path in (left, busy):
        path.write_bytes(b"wei")
    os.utime(left, (0, 0))
    store.put(b"weights")
    assert not left.exists()
    assert busy.exists()


@pytest.mark.parametrize("name", ["../escape", "", "0" * 63, "G" * 64, "0" * 64 + "/.."])
def test_only_hashes_name_files(tmp_path, name):
    with pytest.raises(StorageError, match="no SHA-256"):
        ModelStore(tmp_path).path(name)
