"""Whether there is room for one more game: on the site, and with the model that it is against."""

from web.live_types import SPEEDS
from web.referee import Referee


class RoomForGames:
    """Says so by what is measured, see ``web.capacity``.

    Args:
        referee: runs the games.
        capacity: games at once.
    """

    def __init__(self, referee: Referee, capacity: int) -> None:
        self._referee = referee
        self._capacity = capacity

    def fits(self, model: str, speed: int) -> bool:
        """Whether one more game against a model, given by its key, would be in time."""
        referee = self._referee
        if len(referee) >= self._capacity:
            return False
        cost = referee.pool.cost(model)
        if cost is None:
            return True
        games = {each: referee.playing[model, each] for each in SPEEDS}
        # Where nobody rides, what answers took says what too many games did.
        in_time = cost.keeps(speed) if any(games.values()) else cost.keeps_alone(speed)
        games[speed] += 1
        return in_time and cost.carries(games, referee.pool.copies(model))

    def fits_address(self, address: str, waiting: int) -> bool:
        """Whether a household may have one more game: at most half of the seats are one's.

        Args:
            address: the household's.
            waiting: how many of its clients wait in line.
        """
        return self._referee.at[address] + waiting < max(1, self._capacity // 2)

    def lacks_copies(self, model: str, speed: int) -> bool:
        """Whether it would be if more copies of the model were there."""
        cost = self._referee.pool.cost(model)
        return (
            cost is not None
            and len(self._referee) < self._capacity
            and cost.keeps_alone(speed)
            and not self.fits(model, speed)
        )

    def could_ever_fit(self, model: str, speed: int) -> bool:
        """Whether the game would fit if there were no other."""
        pool = self._referee.pool
        cost = pool.cost(model)
        if cost is None or any(self._referee.playing[model, each] for each in SPEEDS):
            return True
        return cost.carries({speed: 1}, pool.most_copies) and cost.keeps_alone(speed)
