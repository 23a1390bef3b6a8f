"""Several callbacks in a place of the config that takes one."""

from collections.abc import Callable

from spacy.language import Language


def make_callbacks(*callbacks: Callable[[Language], Language]) -> Callable[[Language], Language]:
    """Call one after the other. In a config:

    [initialize.before_init]
    @callbacks = "hone.Callbacks.v1"

    [initialize.before_init.*.check]
    @callbacks = "hone.CheckCorpora.v1"
    """

    def call_all(nlp: Language) -> Language:
        for callback in callbacks:
            nlp = callback(nlp) or nlp  # some of spaCy's own return nothing
        return nlp

    return call_all
