"""What torch does slowly when a small encoder is trained on a CPU, done otherwise."""

from functools import partial

import torch
from torch.nn import functional as F

from .dropout import attention, dropout
from .embedding import embedding
from .function_mode import Function, Replacing


class CpuTraining(Replacing):
    """Within this context, dropout, attention with dropout and lookups in large tables are ours.

    The seed rules, rates hold to 1 in 65,536, gradients are those of torch; of large tables they are sparse.

    attend: takes the place of `scaled_dot_product_attention`, with the keyword `generator`.
    generator: of the numbers for dropout; None: torch's own.
    """

    def __init__(self, attend: Function = attention, generator: torch.Generator | None = None) -> None:
        super().__init__(
            {
                F.dropout: partial(dropout, generator=generator),
                F.scaled_dot_product_attention: partial(attend, generator=generator),
                F.embedding: embedding,
            }
        )
