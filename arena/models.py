"""Model files, stored by their content: equal bytes are kept once, under their SHA-256."""

import contextlib
import hashlib
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Final

from arena.errors import StorageError

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
UNFINISHED: Final = ".new-"
LEFTOVER_SECONDS: Final = 3600.0
"""No writer takes that long: what is older was left by one that was killed."""


def digest(model: bytes) -> str:
    """Return the identity of a model: the SHA-256 of its bytes, in hexadecimal."""
    return hashlib.sha256(model).hexdigest()


class ModelStore:
    """A folder of ``<sha256>.onnx`` files; safe to share between processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where a model is kept, whether it is there or not.

        Raises:
            StorageError: ``sha256`` is not 64 hexadecimal digits.
        """
        if not DIGEST.fullmatch(sha256):
            raise StorageError(f"{sha256!r} is no SHA-256")
        return self.folder / f"{sha256}.onnx"

    def put(self, model: bytes) -> str:
        """Store a model and return its SHA-256; nobody ever sees half of it.

        A file that was damaged since is replaced, and what killed processes left half written
        is removed.

        Raises:
            StorageError: the folder cannot be written to.
        """
        sha256 = digest(model)
        path = self.path(sha256)
        with contextlib.suppress(OSError):
            if digest(path.read_bytes()) == sha256:
                return sha256
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._remove_leftovers()
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=UNFINISHED)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(model)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise StorageError(f"cannot store a model in {self.folder}: {error}") from error
        return sha256

    def _remove_leftovers(self) -> None:
        for left in self.folder.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(OSError):  # another process was quicker
                if time.time() - left.stat().st_mtime > LEFTOVER_SECONDS:
                    left.unlink()

    def has(self, sha256: str) -> bool:
        """Whether a model is stored; False for what is no SHA-256 too."""
        return DIGEST.fullmatch(sha256) is not None and self.path(sha256).exists()

    def get(self, sha256: str) -> bytes:
        """Return a stored model.

        Raises:
            StorageError: it is missing, or its bytes have changed.
        """
        try:
            model = self.path(sha256).read_bytes()
        except OSError as error:
            raise StorageError(f"model {sha256} is missing from {self.folder}") from error
        if digest(model) != sha256:
            raise StorageError(f"model {sha256} in {self.folder} is damaged")
        return model
