"""What can go wrong between a configuration and an exported model."""

from tron_env.errors import TronArenaError


class TrainingError(TronArenaError):
    """The root of this package's branch."""


class TrainingConfigError(TrainingError, ValueError):
    """A hyperparameter is outside its allowed range; the message names it."""


class MissingExtraError(TrainingError, ImportError):
    """Training was asked for on an installation without the ``train`` extra."""


class RunFolderError(TrainingError):
    """The output folder already holds a run, or holds none to resume."""


class CheckpointError(TrainingError):
    """A file is not a checkpoint of ``tron train``."""


class ParityError(TrainingError):
    """The exported graph does not compute what the network computes."""


class DefeatsError(TrainingError):
    """The replays given hold no defeat to train on."""


class GamesFileError(TrainingError):
    """A file holds no labelled games, or some that nobody can have ridden; says which and where."""


class NetworkFileError(TrainingError):
    """A file holds no network that ``tron imitate`` wrote."""
