"""Tokens for servers, kept in the home folder where only its owner can read them."""

import json
import os
import stat
from pathlib import Path
from typing import Final

from arena.settings import SettingsError

FILE: Final = "tokens.json"


class Credentials:
    """The file ``tokens.json`` of a home: a token by server and name.

    Args:
        home: the folder.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / FILE

    def token(self, server: str, name: str) -> str | None:
        """Return what is kept, or None.

        Raises:
            SettingsError: the file is damaged, or others can read it.
        """
        return self._read().get(server, {}).get(name)

    def keep(self, server: str, name: str, token: str) -> None:
        """Keep a token; nobody ever sees half of the file.

        Raises:
            SettingsError: the file is damaged, or cannot be written.
        """
        tokens = self._read()
        tokens.setdefault(server, {})[name] = token
        draft = self.path.with_name(f".{FILE}.{os.getpid()}")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(tokens, file, indent=2)
            draft.replace(self.path)
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be written: {error}") from error

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            text = self.path.read_text(encoding="utf-8")
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{self.path} cannot be read: {error}") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(f"others can read {self.path}; chmod 600 it, and change its tokens")
        try:
            tokens = json.loads(text)
            return {
                str(server): {str(name): str(token) for name, token in names.items()}
                for server, names in tokens.items()
            }
        except (ValueError, AttributeError) as error:
            raise SettingsError(f"{self.path} is damaged; mend or remove it") from error
