"""Who shares an address: a household, a class behind one router, or one script."""

from collections import Counter, OrderedDict
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final, Generic, TypeVar

from web.allowance import Allowance

HOUSEHOLD_BITS: Final = 64
"""Of an IPv6 address; whoever has the rest of them has all."""
MOST_KEPT: Final = 4096
"""Households whose allowance is remembered; the longest silent are forgotten first."""
_T = TypeVar("_T")


def connection_of(address: str) -> str:
    """Return what one household or server has of an address: of IPv6 the first half, its own net.

    >>> connection_of("2001:db8:1:2:aaaa::7"), connection_of("::ffff:192.0.2.1")
    ('2001:db8:1:2::/64', '192.0.2.1')
    """
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket in the file system, or a proxy that tells none
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or IPv6Network((parsed, HOUSEHOLD_BITS), strict=False))


def is_here(address: str) -> bool:
    """Whether an address is this machine's own.

    >>> is_here("127.0.0.1"), is_here("192.0.2.1"), is_here("")
    (True, False, False)
    """
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class Headcount(Counter[_T], Generic[_T]):
    """How many there are of each kind; what nobody is left of is forgotten."""

    def leave(self, kind: _T) -> None:
        """Count one less."""
        self[kind] -= 1
        if self[kind] <= 0:
            del self[kind]


class SharedAllowances:
    """One allowance for each household, kept while nobody of it is there.

    Args:
        per_second: how fast each refills.
        at_once: how much each holds.
    """

    def __init__(self, per_second: float, at_once: float) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._kept: OrderedDict[str, Allowance] = OrderedDict()

    def of(self, household: str, now: float) -> Allowance:
        """Return a household's."""
        if household not in self._kept:
            self._kept[household] = Allowance(self._per_second, self._at_once, now)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(household)
        return self._kept[household]
