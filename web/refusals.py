"""What people are told when a live event is refused."""

from web.errors import RefusedError
from web.messages import RefusedPayload
from web.texts import tell


def refused(error: RefusedError) -> RefusedPayload:
    """Return the message that tells a client of ``error``."""
    return {"code": error.code.value, "message": tell(f"refusal.{error.text}", **error.slots)}
