"""Rows of unlike lengths end to end, as one long row, so that an update computes nothing for padding.

Linear layers, normalisation and dropout see wordpieces, not rows. Attention alone needs rows: it gets them in groups of
like length, padded. Recipes by sixteen are 720 wordpieces, padded to the longest 1,270.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from .cpu_training import CpuTraining
from .dropout import attention
from .windows import Ints, batch_by_padding

# Padding of a group, in wordpieces, that takes attention as long as one more group.
WASTE = 64
TOLERANCE = 1e-4  # of the largest value: other shapes, other rounding


class Batch(NamedTuple):
    """What an encoder is called with, and where its output belongs.

    inputs: keywords of the call. rows, cols: row and column of each vector of its output, of shapes that broadcast
    to those of `input_ids`. groups: of the attention, none for a batch of padded rows.
    """

    inputs: dict[str, torch.Tensor]
    rows: torch.Tensor
    cols: torch.Tensor
    groups: "tuple[Group, ...]" = ()


class Group(NamedTuple):
    """Neighbouring rows of a pack.

    begin, end: their wordpieces in the pack. shape: rows, longest. places: of each wordpiece in the padded and
    flattened rows, shape (end - begin,); None if there is no padding. mask: what is added to the scores of keys,
    shape (rows, 1, 1, longest); None as before.
    """

    begin: int
    end: int
    shape: tuple[int, int]
    places: torch.Tensor | None
    mask: torch.Tensor | None


def pad_rows(ids: Ints, lengths: Ints, rows: Ints, device: torch.device) -> Batch:
    """A batch of rows of like length, the longest first, padded.

    ids: padded, shape (all rows, longest). lengths: of all rows. rows: indices of those of the batch.
    """
    width = int(lengths[rows[0]])
    mask = np.arange(width) < lengths[rows, None]
    inputs = {
        "input_ids": torch.from_numpy(ids[rows, :width]).to(device),
        "attention_mask": torch.from_numpy(mask.astype(np.int64)).to(device),
    }
    return Batch(inputs, torch.from_numpy(rows[:, None]).to(device), torch.arange(width, device=device)[None])


def pack_rows(ids: Ints, lengths: Ints, rows: Ints, first_position: int) -> Batch:
    """Rows end to end, the longest first, on the CPU.

    Arguments as for `pad_rows`, and the position of a row's first wordpiece.
    """
    of_rows = lengths[rows]
    row_i = np.repeat(rows, of_rows)
    starts = np.cumsum(of_rows) - of_rows
    cols = np.arange(len(row_i)) - np.repeat(starts, of_rows)
    packed = torch.from_numpy(ids[row_i, cols][None])
    inputs = {
        "input_ids": packed,
        "attention_mask": torch.ones_like(packed),
        "position_ids": torch.from_numpy(cols[None] + first_position),
        "token_type_ids": torch.zeros_like(packed),
    }
    groups = [
        group(of_rows[found], int(starts[found[0]])) for found in batch_by_padding(of_rows, 2**62, WASTE)
    ]
    return Batch(inputs, torch.from_numpy(row_i[None]), torch.from_numpy(cols[None]), tuple(groups))


def group(lengths: Ints, begin: int) -> Group:
    """The group of rows of these lengths, the longest first, that begin at this wordpiece of the pack."""
    shape, end = (len(lengths), int(lengths[0])), begin + int(lengths.sum())
    real = np.arange(shape[1]) < lengths[:, None]
    if real.all():
        return Group(begin, end, shape, None, None)
    mask = torch.from_numpy(np.where(real, np.float32(0), -np.inf).astype(np.float32))
    return Group(begin, end, shape, torch.from_numpy(np.flatnonzero(real)), mask[:, None, None])


def attend(
    groups: tuple[Group, ...],
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    **options: Any,
) -> torch.Tensor:
    """`attention` within each row of a pack.

    query, key, value: shape (1, heads, wordpieces, width), as is what returns. NotImplementedError for a mask: rows are
    what tells which wordpieces see each other.
    """
    if attn_mask is not None:
        raise NotImplementedError
    heads, width = query.shape[1], value.shape[-1]
    sizes = [one.end - one.begin for one in groups]
    # split, whose gradient is put together at once; that of a slice fills a pack for each
    parts = zip(*(x.squeeze(0).transpose(0, 1).split(sizes) for x in (query, key, value)))
    of_groups = []
    for one, qkv in zip(groups, parts):
        q, k, v = (pad(one, x) for x in qkv)
        mask = None if one.mask is None else one.mask.to(query.dtype)
        found = attention(q, k, v, attn_mask=mask, **options)
        flat = found.transpose(1, 2).reshape(-1, heads * width)
        of_groups.append(flat if one.places is None else flat[one.places])
    return torch.cat(of_groups).view(1, -1, heads, width).transpose(1, 2)


def pad(group: Group, x: torch.Tensor) -> torch.Tensor:
    """Vectors (wordpieces, heads, width) of a group as (rows, heads, longest, width)."""
    n_rows, longest = group.shape
    if group.places is not None:
        flat = x.new_zeros(n_rows * longest, x.shape[1] * x.shape[2])
        x = flat.index_copy(0, group.places, x.reshape(len(x), -1)).view(-1, *x.shape[1:])
    return x.reshape(n_rows, longest, *x.shape[1:]).transpose(1, 2)


def training_with(batch: Batch, generator: torch.Generator | None = None) -> CpuTraining:
    """The context for calling an encoder in training with a batch. generator: of the numbers for dropout."""
    return CpuTraining(partial(attend, batch.groups) if batch.groups else attention, generator)


def can_pack(transformer: Any, longest: int, first_position: int) -> bool:
    """Whether an encoder gives rows of a pack the vectors that it gives them one by one. This is tried.

    It does so if its attention is torch's, from all to all, and if it can be told positions: BERT's and RoBERTa's kin.

    longest: wordpieces of the longest row there will be.
    """
    calls: list[int] = []

    def counted(*args: Any, **kwargs: Any) -> torch.Tensor:
        calls.append(1)
        return attend(packed.groups, *args, **kwargs)

    was_training = transformer.training
    transformer.eval()
    try:
        n_ids, padding = transformer.config.vocab_size, transformer.config.pad_token_id
        # the first two make a padded group
        lengths = np.array([longest, max(longest - 1, 1), min(longest, 5)])
        ids = (np.arange(3 * longest) * 7919 % n_ids).reshape(3, longest)
        ids[ids == padding] = 0 if padding else 1
        packed = pack_rows(ids, lengths, np.arange(3), first_position)
        apart = [pad_rows(ids, lengths, np.array([row]), torch.device("cpu")) for row in range(3)]
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            alone = torch.cat([transformer(**batch.inputs).last_hidden_state[0] for batch in apart])
            with CpuTraining(counted):
                together = transformer(**packed.inputs).last_hidden_state[0]
    except Exception:  # whatever an encoder makes of a call that is not for it
        return False
    finally:
        transformer.train(was_training)
    return bool(calls) and bool((together - alone).abs().max() <= TOLERANCE * alone.abs().max())
