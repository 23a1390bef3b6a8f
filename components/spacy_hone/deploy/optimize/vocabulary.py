"""A tokenizer.json with fewer wordpieces, which cuts every text of what is left as it did."""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

from ...errors import Errors, HoneError

CONTINUED = ("##", "▁", "Ġ")  # how wordpieces are marked that continue, or begin, a word
State = dict[str, Any]


def must_stay(state: State) -> set[int]:
    """Ids that stay whatever the texts have: added and special tokens, single characters and bytes, the unknown."""
    entries = _entries(state["model"])
    stay = {token["id"] for token in state.get("added_tokens", [])}
    stay |= {i for token, i in entries.items() if _is_single(token)}
    model = state["model"]
    if model["type"] == "Unigram":
        scores = [score for _, score in model["vocab"]]
        stay |= {scores.index(min(scores))}  # it sets the price of what is unknown
        stay |= set() if model.get("unk_id") is None else {model["unk_id"]}
    elif model.get("unk_token") in entries:
        stay.add(entries[model["unk_token"]])
    return stay


def close(state: State, ids: set[int]) -> tuple[set[int], list[Any]]:
    """The ids with all that byte pairs are merged from on the way to them, and the merges that this takes.

    Raises H725 for a kind of tokenizer that is not known.
    """
    model = state["model"]
    if model["type"] not in ("WordPiece", "WordLevel", "Unigram", "BPE"):
        raise HoneError(
            Errors.H725.format(problem=f"its tokenizer is a {model['type']}, which is not known here.")
        )
    if model["type"] != "BPE":
        return ids, []
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise HoneError(Errors.H725.format(problem="its byte pairs have prefixes or suffixes."))
    entries = model["vocab"]
    names = {i: token for token, i in entries.items()}
    pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    ranks = {pair: rank for rank, pair in enumerate(pairs)}
    used: set[int] = set()
    for i in ids & names.keys():
        used |= merge(names[i], ranks)
    parts = {
        entries[part] for rank in used for part in (*pairs[rank], "".join(pairs[rank])) if part in entries
    }
    return ids | parts, [model["merges"][rank] for rank in sorted(used)]


def merge(token: str, ranks: Mapping[tuple[str, ...], int]) -> set[int]:
    """Ranks of the merges that make a token of its characters. What they make inside a word is the same: a pair that
    reached over the token's border would have joined it to its neighbour."""
    symbols, used = list(token), set()
    while len(symbols) > 1:
        rank, at = min((ranks.get(pair, len(ranks)), i) for i, pair in enumerate(pairwise(symbols)))
        if rank == len(ranks):
            break
        used.add(rank)
        symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
    return used


def renumber(state: State, new: Mapping[int, int], merges: list[Any]) -> State:
    """A tokenizer's state with these ids only. new: the new id of each old one, in the same order. merges: of BPE."""
    model = dict(state["model"])
    if model["type"] == "Unigram":
        model["vocab"] = [entry for i, entry in enumerate(model["vocab"]) if i in new]
        model["unk_id"] = None if model.get("unk_id") is None else new[model["unk_id"]]
    else:
        model["vocab"] = {token: new[i] for token, i in model["vocab"].items() if i in new}
    if model["type"] == "BPE":
        model["merges"] = merges
    added = [{**token, "id": new[token["id"]]} for token in state.get("added_tokens", [])]
    processor = _renumber_processor(state.get("post_processor"), new.__getitem__)
    return {**state, "model": model, "added_tokens": added, "post_processor": processor}


def _renumber_processor(processor: Any, new: Callable[[int], int]) -> Any:
    """The same for what puts special tokens around a text: templates, BERT's and RoBERTa's pairs."""
    if not processor:
        return processor
    processor = dict(processor)
    if "processors" in processor:
        processor["processors"] = [_renumber_processor(each, new) for each in processor["processors"]]
    if "special_tokens" in processor:
        special: dict[str, State] = processor["special_tokens"]
        processor["special_tokens"] = {
            name: {**token, "ids": list(map(new, token["ids"]))} for name, token in special.items()
        }
    for place in {"sep", "cls"} & processor.keys():
        token, i = processor[place]
        processor[place] = [token, new(i)]
    return processor


def _entries(model: State) -> dict[str, int]:
    vocab = model["vocab"]
    return {token: i for i, (token, _) in enumerate(vocab)} if model["type"] == "Unigram" else vocab


def _is_single(token: str) -> bool:
    bare: Iterable[str] = (token.removeprefix(mark) for mark in ("", *CONTINUED))
    return any(len(text) <= 1 for text in bare) or (token.startswith("<0x") and len(token) == 6)
