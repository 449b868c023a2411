import pickle

import pytest

from agents import errors
from tron_env.errors import TronArenaError


@pytest.mark.parametrize(
    "kind",
    [
        errors.InvalidModelError,
        errors.InvalidLogitsError,
        errors.InferenceTimeoutError,
        errors.MemoryLimitError,
        errors.ModelCrashedError,
    ],
)
def test_every_entrants_fault_is_an_agent_error(kind):
    assert issubclass(kind, errors.AgentError)
    assert issubclass(kind, TronArenaError)


def test_invalid_logits_error_survives_pickling_and_shortens_its_message():
    error = pickle.loads(pickle.dumps(errors.InvalidLogitsError(tuple(range(20)))))
    assert error.rows == tuple(range(20))
    assert str(error).endswith("7, ...")
