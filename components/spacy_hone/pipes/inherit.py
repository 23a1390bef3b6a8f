"""A component that begins where another one has ended: its labels, and all that its model has learned."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import spacy
from thinc.api import Model

from ..errors import Errors, HoneError

if TYPE_CHECKING:
    from .base import LossPipe


def load_elder(path: Path | str, pipe: "LossPipe") -> "LossPipe":
    """The component of a pipeline that `pipe` continues: the one of its name, or the only one of its class.

    Raises H326 if there is none, H327 if its settings are others.
    """
    try:
        nlp = spacy.load(str(path))  # of an installed package a Path is no name
    except (OSError, ValueError) as error:
        raise HoneError(Errors.H326.format(name=pipe.name, path=path, problem=error)) from error
    same = {name: each for name, each in nlp.pipeline if type(each) is type(pipe)}
    elder = same.get(pipe.name) or next(iter(same.values()), None)
    if elder is None or (pipe.name not in same and len(same) > 1):
        found = ", ".join(f"{name} ({nlp.get_pipe_meta(name).factory})" for name in nlp.pipe_names)
        problem = f"it has no single component like this one, but: {found}"
        raise HoneError(Errors.H326.format(name=pipe.name, path=path, problem=problem))
    for setting in ("scheme", "written", "multi_label"):
        ours, theirs = pipe.cfg.get(setting), elder.cfg.get(setting)
        if ours != theirs:
            message = Errors.H327.format(name=pipe.name, path=path, setting=setting, ours=ours, theirs=theirs)
            raise HoneError(message)
    return elder


def copy_rows(elder: Model, model: Model, name: str) -> None:
    """Copy the parameters of a trained model into one of the same layers, which may have more outputs: the rows
    (of a CRF, the transitions) that both have. Raises H328 where the layers are others."""
    theirs, ours = list(elder.walk()), list(model.walk())
    if list(map(_kind, theirs)) != list(map(_kind, ours)):
        raise HoneError(Errors.H328.format(name=name, problem="its layers are others"))
    for old, new in zip(theirs, ours):
        for param in old.param_names:
            if not (old.has_param(param) and new.has_param(param)):
                continue
            source: Any = old.get_param(param)
            target: Any = new.get_param(param).copy()
            if source.ndim != target.ndim or any(a > b for a, b in zip(source.shape, target.shape)):
                problem = f"{old.name}.{param} is {source.shape}, here {target.shape}"
                raise HoneError(Errors.H328.format(name=name, problem=problem))
            target[tuple(slice(size) for size in source.shape)] = source
            new.set_param(param, target)


def _kind(node: Model) -> tuple[int, str]:
    """What a layer is: how many it joins, or its name. A chain keeps in its own name the layers that it was built of, even
    where one of them has been replaced, as by `hone optimize`."""
    return len(node.layers), "" if node.layers else node.name
