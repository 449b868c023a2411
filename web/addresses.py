"""Numbers in addresses: bounded, so that none can be too large for a database."""

from typing import Final

from werkzeug.routing import IntegerConverter

DIGITS: Final = 15
MAX_NUMBER: Final = 10**DIGITS - 1
"""JSON readers in JavaScript keep it exactly."""


class NumberConverter(IntegerConverter):
    """``<int:...>`` in an address; a larger number matches nothing."""

    regex = rf"\d{{1,{DIGITS}}}"
