"""Which labels a component learns from its teacher: said once, before training."""

import warnings
from collections.abc import Sequence

from spacy.util import logger

from ..errors import Errors
from .base import Teacher
from .labels import LabelMap, listed
from .mapping import labels_of


def report_labels(name: str, teacher: Teacher, labels: Sequence[str]) -> None:
    """Log the map of the teacher's labels as it is used (of each, if they are several), and the student's labels that
    nobody teaches.

    name (str): the component. teacher (Teacher): one that `mapping.prepare` has accepted. labels (Sequence[str]): the
        student's.
    Warns (H921) of a label of both that the map makes another of the student's, beside a label of the teacher's, so that
    the student's own has no teacher.
    """
    members = getattr(teacher, "teachers", [teacher])
    maps = [LabelMap(each.labels, labels_of(each.task), labels) for each in members]
    taught = {label for own in maps for label in own.values()}
    alone = [label for label in labels if label not in taught]
    for own in maps:
        logger.info("Teacher of '%s': %s", name, own)
    if alone:
        logger.info("Labels of '%s' without a teacher: %s", name, listed(alone))
    for own in maps:
        for label in alone:
            merged = [old for old, new in own.items() if new is not None and new == own.get(label)]
            if len(merged) > 1:
                message = Errors.H921.format(
                    name=name, merged=" and ".join(merged), target=own[label], label=label
                )
                warnings.warn(message, stacklevel=2)
