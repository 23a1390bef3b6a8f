"""Every message a user can meet, with its code: what is wrong, where, and what to do.

One file a room: H1xx corpora, H2xx models, H3xx pipes, H4xx losses, H5xx training, H6xx evaluation, H7xx deploy,
H8xx command line and project, H9xx teachers.
"""

from .corpora import CorporaErrors
from .deploy import DeployErrors
from .evaluation import EvaluationErrors
from .losses import LossesErrors
from .models import ModelsErrors
from .pipes import PipesErrors
from .project import ProjectErrors
from .teachers import TeachersErrors
from .training import TrainingErrors


class HoneError(ValueError):
    """A coded error of spacy-hone. The text begins with the code: `[H101] ...`."""


class RowError(HoneError):
    """An error in a row of a batch of arrays, which do not know their documents: components add which that is.

    row (int): the row's number, from 0.
    """

    def __init__(self, message: str, row: int = 0):
        super().__init__(message)
        self.row = row


class Errors(
    CorporaErrors,
    ModelsErrors,
    PipesErrors,
    LossesErrors,
    TrainingErrors,
    EvaluationErrors,
    DeployErrors,
    ProjectErrors,
    TeachersErrors,
):
    """Message templates; fill them with `.format(...)` and raise with `HoneError`."""
