"""`hone.AdamW.v1` beside torch.optim.AdamW + clip_grad_norm_ as the outside oracle."""

import numpy
import pytest
from thinc.api import Linear, Model, PyTorchWrapper, chain, warmup_linear

from spacy_hone.errors import HoneError
from spacy_hone.training.gradients import bind_optimizer
from spacy_hone.training.optimizer import make_adamw

torch = pytest.importorskip("torch")

SCHEDULE = {"initial_rate": 0.01, "warmup_steps": 3, "total_steps": 20}


class Component:
    """As much of a spaCy component as an optimiser meets."""

    def __init__(self, model: Model) -> None:
        self.model = model


class Pipeline:
    def __init__(self, *models: Model) -> None:
        self.pipeline = [(str(i), Component(model)) for i, model in enumerate(models)]

    def finish(self, optimizer) -> None:
        """What the loop of `spacy train` does after an update's backward passes."""
        for _, component in self.pipeline:
            component.model.finish_update(optimizer)
        optimizer.step_schedules()


@pytest.fixture
def batches() -> list[tuple[numpy.ndarray, numpy.ndarray]]:
    rng = numpy.random.default_rng(0)
    return [
        (rng.normal(size=(8, 5)).astype("f"), 10 * rng.normal(size=(8, 3)).astype("f")) for _ in range(20)
    ]


def torch_net() -> "torch.nn.Sequential":
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(5, 7), torch.nn.LayerNorm(7), torch.nn.Tanh(), torch.nn.Linear(7, 4)
    )


def thinc_head() -> Model:
    head = Linear(3, 4).initialize()
    head.set_param("W", numpy.random.default_rng(1).normal(size=(3, 4)).astype("f"))
    return head


class Oracle:
    """The same network in torch alone, with torch's clipping, AdamW and Hugging Face's groups."""

    def __init__(self, *, weight_decay=0.1, grad_clip=1.0, schedule=None, rate=0.01) -> None:
        self.body, self.head, head = torch_net(), torch.nn.Linear(4, 3), thinc_head()
        self.head.weight.data = torch.tensor(head.get_param("W"))
        self.head.bias.data = torch.tensor(head.get_param("b"))
        self.parameters = [*self.body.parameters(), *self.head.parameters()]
        groups = [
            {"params": [p for p in self.parameters if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in self.parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=rate)
        self.grad_clip, self.schedule = grad_clip, schedule

    def update(self, x, y) -> None:
        if self.schedule:
            rate = next(self.schedule)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
        self.optimizer.zero_grad()
        loss = ((self.head(self.body(torch.tensor(x))) - torch.tensor(y)) ** 2).sum() / (2 * len(x))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.grad_clip)
        self.optimizer.step()


def backward(model: Model, x, y) -> None:
    guess, backprop = model.begin_update(x)
    backprop((guess - y) / len(x))


def assert_equal(oracle: Oracle, body: "torch.nn.Module", head: Model, atol: float = 1e-6) -> None:
    for ours, theirs in zip(body.parameters(), oracle.body.parameters()):
        torch.testing.assert_close(ours, theirs, atol=atol, rtol=0)
    numpy.testing.assert_allclose(head.get_param("W"), oracle.head.weight.detach().numpy(), atol=atol)
    numpy.testing.assert_allclose(head.get_param("b"), oracle.head.bias.detach().numpy(), atol=atol)


@pytest.mark.parametrize("scheduled", [False, True])
def test_equals_torch_over_one_mixed_model(batches, scheduled):
    schedule = warmup_linear(**SCHEDULE) if scheduled else None
    oracle = Oracle(schedule=schedule)
    body, head = torch_net(), thinc_head()
    model = chain(PyTorchWrapper(body), head)
    nlp = bind_optimizer(Pipeline(model))
    optimizer = make_adamw(warmup_linear(**SCHEDULE) if scheduled else 0.01, weight_decay=0.1)
    for x, y in batches:
        oracle.update(x, y)
        backward(model, x, y)
        nlp.finish(optimizer)
    assert_equal(oracle, body, head)


def test_two_components_are_clipped_by_their_common_norm(batches):
    oracle = Oracle(grad_clip=0.5)
    body, head = torch_net(), thinc_head()
    encoder = PyTorchWrapper(body)
    nlp = bind_optimizer(Pipeline(encoder, head))
    optimizer = make_adamw(0.01, weight_decay=0.1, grad_clip=0.5)
    for x, y in batches:
        oracle.update(x, y)
        backward(chain(encoder, head), x, y)
        nlp.finish(optimizer)
    assert_equal(oracle, body, head)


def test_two_summed_halves_equal_one_batch(batches):
    oracle = Oracle()
    body, head = torch_net(), thinc_head()
    model = chain(PyTorchWrapper(body), head)
    nlp = bind_optimizer(Pipeline(model))
    optimizer = make_adamw(0.01, weight_decay=0.1, accumulate_gradient=2)
    for x, y in batches:
        oracle.update(x, y)
        backward(model, x[:4], y[:4])
        backward(model, x[4:], y[4:])
        nlp.finish(optimizer)
    assert_equal(oracle, body, head)


def test_thinc_alone_equals_torch(batches):
    head = thinc_head()
    nlp = bind_optimizer(Pipeline(head))
    theirs = torch.nn.Linear(4, 3)
    theirs.weight.data, theirs.bias.data = (
        torch.tensor(head.get_param("W")),
        torch.tensor(head.get_param("b")),
    )
    theirs_optimizer = torch.optim.AdamW(
        [{"params": [theirs.weight]}, {"params": [theirs.bias], "weight_decay": 0.0}],
        lr=0.01,
        weight_decay=0.01,
    )
    optimizer = make_adamw(0.01)
    for x, y in batches:
        backward(head, x[:, :4], y)
        nlp.finish(optimizer)
        theirs_optimizer.zero_grad()
        (((theirs(torch.tensor(x[:, :4])) - torch.tensor(y)) ** 2).sum() / (2 * len(x))).backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        theirs_optimizer.step()
    numpy.testing.assert_allclose(head.get_param("W"), theirs.weight.detach().numpy(), atol=1e-6)
    numpy.testing.assert_allclose(head.get_param("b"), theirs.bias.detach().numpy(), atol=1e-6)


def test_schedule_moves_on_by_itself_where_nobody_steps_it(batches):
    head = thinc_head()
    nlp = bind_optimizer(Pipeline(head))
    optimizer = make_adamw(iter([0.3, 0.2, 0.1]))
    rates = []
    for x, y in batches[:4]:
        backward(head, x[:, :4], y)
        nlp.pipeline[0][1].model.finish_update(optimizer)
        rates.append(optimizer.learn_rate)
    assert rates == [0.3, 0.2, 0.1, 0.1]


def test_frozen_and_unused_parameters_stay(batches):
    body = torch_net()
    body[0].requires_grad_(False)
    before = [p.detach().clone() for p in body.parameters()]
    model = chain(PyTorchWrapper(body), thinc_head())
    nlp = bind_optimizer(Pipeline(model))
    optimizer = make_adamw(0.1, weight_decay=0.5)
    for x, y in batches[:3]:
        backward(model, x, y)
        nlp.finish(optimizer)
    moved = [not torch.equal(p, old) for p, old in zip(body.parameters(), before)]
    assert moved == [False, False, True, True, True, True]


def test_a_spent_gradient_is_not_applied_again(batches):
    body, head = torch_net(), thinc_head()
    model = chain(PyTorchWrapper(body), head)
    nlp = bind_optimizer(Pipeline(model))
    optimizer = make_adamw(0.1)
    backward(model, *batches[0])
    nlp.finish(optimizer)
    weights, kernel = head.get_param("W").copy(), body[0].weight.detach().clone()
    nlp.finish(optimizer)
    assert numpy.array_equal(head.get_param("W"), weights)
    assert torch.equal(body[0].weight, kernel)


def test_layers_move_at_their_own_rates():
    names = ["embeddings.weight", "encoder.layer.0.weight", "encoder.layer.1.weight", "pooler.weight"]

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embeddings = torch.nn.Linear(4, 4, bias=False)
            self.encoder = torch.nn.Module()
            self.encoder.layer = torch.nn.ModuleList([torch.nn.Linear(4, 4, bias=False) for _ in range(2)])
            self.pooler = torch.nn.Linear(4, 4, bias=False)

        def forward(self, x):
            for layer in (self.embeddings, *self.encoder.layer, self.pooler):
                x = layer(x)
            return x

    encoder = Encoder()
    before = {name: p.detach().clone() for name, p in encoder.named_parameters()}
    model = PyTorchWrapper(encoder)
    nlp = bind_optimizer(Pipeline(model))
    optimizer = make_adamw(0.01, weight_decay=0.0, grad_clip=0, layer_decay=0.5, head_lr_scale=2.0)
    x = numpy.ones((3, 4), dtype="f")
    backward(model, x, x)
    nlp.finish(optimizer)
    # Adam's first step has the size of the rate, whatever the gradient
    sizes = [(p - before[name]).abs().max().item() for name, p in encoder.named_parameters()]
    assert [name for name, _ in encoder.named_parameters()] == names
    assert sizes == pytest.approx([0.00125, 0.0025, 0.005, 0.02], rel=1e-3)


def test_unbound_pipeline_is_an_error(batches):
    head = thinc_head()
    backward(head, batches[0][0][:, :4], batches[0][1])
    with pytest.raises(HoneError, match=r"(?s)\[H501\].*hone\.BindOptimizer\.v1"):
        head.finish_update(make_adamw(0.1))


def test_a_gradient_that_is_not_finite_changes_nothing(batches):
    head = thinc_head()
    nlp = bind_optimizer(Pipeline(head))
    weights = head.get_param("W").copy()
    backward(head, batches[0][0][:, :4], numpy.full_like(batches[0][1], numpy.inf))
    with pytest.raises(HoneError, match=r"\[H503\].*linear\.W"):
        nlp.finish(make_adamw(0.1))
    assert numpy.array_equal(head.get_param("W"), weights)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beta1", 1.0),
        ("beta2", -0.1),
        ("eps", 0.0),
        ("weight_decay", -1.0),
        ("grad_clip", -1.0),
        ("layer_decay", 0.0),
        ("layer_decay", 1.5),
        ("head_lr_scale", 0.0),
        ("accumulate_gradient", 0),
    ],
)
def test_values_out_of_range_are_named(name, value):
    with pytest.raises(HoneError, match=rf"\[H502\].*{name} is {value}"):
        make_adamw(0.1, **{name: value})
