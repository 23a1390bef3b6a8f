"""AdamW as the transformer literature means it, for thinc and torch parameters of one pipeline together.

    m = b1 m + (1 - b1) g          v = b2 v + (1 - b2) g^2
    w = w - rate * decay * w - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

(Kingma & Ba 2015; decoupled weight decay: Loshchilov & Hutter 2019), where g is clipped by the norm over all
gradients of the pipeline. thinc calls an optimiser parameter by parameter, torch parameters included, through
arrays. Here the first call after gradients arrived updates every parameter of the pipeline that has one, at
once; the calls that follow find nothing left to do. That is what makes the norm global, lets torch update its
own parameters, and, in `nlp.update(sgd=...)`, moves the transformer by this batch's gradient: spaCy asks for
the transformer's update before its listeners backpropagate, but the last listening head asks after.

In `nlp.update(sgd=...)` each head asks right after its own backward pass. So the norm there is over the
gradients of one head (with the transformer's for the last that listens); in `spacy train` over those of all.
To accumulate by hand, do as its loop does: `nlp.update(..., sgd=False)` for every sub-batch, then
`component.finish_update(optimizer)` for every component.
"""

import math
from typing import TYPE_CHECKING, Any

from thinc.api import Model, Optimizer
from thinc.backends import get_array_ops
from thinc.optimizers import FloatOrSeq

from ..errors import Errors, HoneError
from .gradients import KeyT, pipeline_nodes, torch_modules
from .parameters import Settings, is_decayed

if TYPE_CHECKING:
    from .torch_update import TorchUpdate

# What each argument of the builder may be: a test and its wording.
_ALLOWED = {
    "beta1": (lambda x: 0 <= x < 1, "at least 0 and less than 1"),
    "beta2": (lambda x: 0 <= x < 1, "at least 0 and less than 1"),
    "eps": (lambda x: x > 0, "greater than 0"),
    "weight_decay": (lambda x: x >= 0, "0 (no decay) or more"),
    "grad_clip": (lambda x: x >= 0, "0 (no clipping) or more"),
    "layer_decay": (lambda x: 0 < x <= 1, "greater than 0 and at most 1 (the same rate for all layers)"),
    "head_lr_scale": (lambda x: x > 0, "greater than 0"),
    "accumulate_gradient": (lambda x: x >= 1, "1 or more, like [training] accumulate_gradient"),
}


def make_adamw(
    learn_rate: FloatOrSeq,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    grad_clip: float = 1.0,
    layer_decay: float = 1.0,
    head_lr_scale: float = 1.0,
    accumulate_gradient: int = 1,
) -> "AdamW":
    """Build `hone.AdamW.v1`; `[initialize.after_init]` needs `hone.BindOptimizer.v1` beside it.

    learn_rate: Rate of the heads, a number or a schedule (`warmup_linear.v1` and the like). A schedule moves
        on once an update: in `spacy train` when the loop says so, in `nlp.update(sgd=...)` by itself.
    beta1, beta2, eps: As above.
    weight_decay: Decoupled, multiplied by the rate; none on biases and normalisation layers.
    grad_clip: Largest norm over all gradients of the update, 0 for no limit.
    layer_decay: Rate of a torch encoder's layer as a share of the next higher layer's; see `rate_shares`.
    head_lr_scale: Factor on the rate of whatever is neither a layer nor an embedding of a torch encoder.
    accumulate_gradient: Number of sub-batches whose (mean) gradients are summed in an update: in a config
        `${training.accumulate_gradient}`, in `nlp.update(sgd=...)` 1. The sum is divided by it, then clipped.

    Raises H502 for a value out of its range.
    """
    settings = Settings(
        beta1, beta2, eps, weight_decay, grad_clip, layer_decay, head_lr_scale, accumulate_gradient
    )
    for name, (is_allowed, allowed) in _ALLOWED.items():
        value = getattr(settings, name)
        if not is_allowed(value):
            raise HoneError(Errors.H502.format(name=name, value=value, allowed=allowed))
    return AdamW(learn_rate, settings)


class AdamW(Optimizer):
    """See `make_adamw`. `averages` is None: parameters are not averaged."""

    def __init__(self, learn_rate: FloatOrSeq, settings: Settings) -> None:
        super().__init__(
            learn_rate,
            beta1=settings.beta1,
            beta2=settings.beta2,
            eps=settings.eps,
            L2=settings.weight_decay,
            grad_clip=settings.grad_clip,
            use_averages=False,
        )
        self.settings = settings
        self.torch_updates: dict[int, TorchUpdate] = {}
        self.updated: set[KeyT] = set()  # since the schedules were last advanced

    def __call__(self, key: KeyT, weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> tuple[Any, Any]:
        """Update everything in the pipeline of `key` that has a gradient.

        key: (id of thinc node or shim, parameter's name). weights, gradient: What thinc holds for it.
        lr_scale: Factor on the rate of this update.

        Returns the parameter's new value and the gradient. Raises H501 for a pipeline that was not bound,
        H503 for a gradient that is not finite.
        """
        nodes = pipeline_nodes(key)
        arrays = {(node.id, name): node for node in nodes for name in node.param_names if node.has_grad(name)}
        modules = {
            shim: self._torch_update(shim, module)
            for shim, module in torch_modules(nodes).items()
            if any(parameter.grad is not None for parameter in module.parameters())
        }
        norms = {at: float(node.ops.xp.linalg.norm(node.get_grad(at[1]))) for at, node in arrays.items()}
        # Nothing but zeros: just updated, given up by the gradient scaler, or no label in the batch.
        norms |= {(shim, ""): norm for shim, update in modules.items() if (norm := update.norm()) != 0}
        if any(norms.values()):
            self._update(arrays, modules, norms, lr_scale)
        for shim, update in modules.items():
            update.drop_gradients(keep=key[1] if shim == key[0] else None)
        if key in arrays:
            return arrays[key].get_param(key[1]), gradient
        return (modules[key[0]].array(key[1]) if key[0] in modules else weights), gradient

    def step_schedules(self) -> None:
        """Move the schedules on by one update."""
        self.updated.clear()
        super().step_schedules()

    def _update(
        self,
        arrays: dict[KeyT, Model],
        modules: "dict[int, TorchUpdate]",
        norms: dict[KeyT, float],
        lr_scale: float,
    ) -> None:
        factor = self._factor(norms, arrays)
        if not self.updated.isdisjoint(norms):
            self.step_schedules()
        self.updated |= norms.keys()
        rate = self.learn_rate * lr_scale
        for (_, name), node in arrays.items():
            scale = self.settings.head_lr_scale * node.attrs.get("rate_scale", 1.0)
            self._update_array(node, name, rate * scale, factor)
        for shim, update in modules.items():
            if (shim, "") in norms:
                update.step(rate, factor)

    def _factor(self, norms: dict[KeyT, float], arrays: dict[KeyT, Model]) -> float:
        """What turns summed gradients into means, clipped as by `torch.nn.utils.clip_grad_norm_`."""
        norm = math.hypot(*norms.values()) / self.settings.accumulate_gradient
        if not math.isfinite(norm):
            bad = [key for key, value in norms.items() if not math.isfinite(value)]
            names = [f"{arrays[key].name}.{key[1]}" if key in arrays else "a torch model" for key in bad]
            raise HoneError(Errors.H503.format(names=", ".join(names)))
        clip = min(1.0, self.grad_clip / (norm + 1e-6)) if self.grad_clip else 1.0
        return clip / self.settings.accumulate_gradient

    def _update_array(self, node: Model, name: str, rate: float, factor: float) -> None:
        key = (node.id, name)
        weights, gradient = node.get_param(name), node.get_grad(name)
        self.nr_update[key] += 1
        fix1 = 1 - self.b1 ** self.nr_update[key]
        fix2 = math.sqrt(1 - self.b2 ** self.nr_update[key])
        ops = get_array_ops(weights)
        if key not in self.mom1:
            self.mom1[key] = ops.alloc1f(weights.size)
            self.mom2[key] = ops.alloc1f(weights.size)
        if is_decayed(name, weights.ndim):
            weights *= 1 - rate * self.L2
        gradient *= factor
        flat, *_ = ops.adam(
            ops.reshape1f(weights, weights.size),
            ops.reshape1f(gradient, gradient.size),
            self.mom1[key],
            self.mom2[key],
            self.b1,
            self.b2,
            self.eps * fix2,  # thinc adds eps to the uncorrected sqrt(v)
            rate * fix2 / fix1,
        )
        node.set_param(name, ops.reshape_f(flat, weights.shape))
        # thinc has no public way to say that a gradient is spent: one of zeros would still count as one
        node._params._grads.pop(key, None)

    def _torch_update(self, shim: int, module: Any) -> "TorchUpdate":
        from .torch_update import TorchUpdate

        known = self.torch_updates.get(shim)
        if known is None or known.module is not module:
            known = self.torch_updates[shim] = TorchUpdate(module, self.settings)
        return known
