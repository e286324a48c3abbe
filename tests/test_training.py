"""One step: its schedule, its loss, and that N devices do what one does."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from g2p_jax import config
from g2p_jax.data.batches import Batch
from g2p_jax.data.symbols import EOS, PAD
from g2p_jax.devices import parallel
from g2p_jax.network import seq2seq as models
from g2p_jax.train import optimizer as optimizers
from g2p_jax.train.optimizer import learning_rate, make_optimizer, weights_to_evaluate
from g2p_jax.train.placement import Placement
from g2p_jax.train.step import init_state, make_train_step

MODEL = config.Model(
    embedding=5, hidden=6, readout=7, encoder_layers=1, decoder_layers=1,
    encoder_dropout=0.0, decoder_dropout=0.0,
)  # fmt: skip
SETTINGS = config.Train()
RATE = 0.5
SGD = optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(RATE))  # keeps small differences small
NET = models.Seq2Seq(MODEL, 9, 8, jnp.dtype("float32"))


def ragged_batch(rows: int) -> Batch:
    """Words of 1 to 5 letters; the last five rows, a device's whole share, are filler."""
    random = np.random.default_rng(0)
    source, target = random.integers(4, 9, (rows, 5)), random.integers(4, 8, (rows, 5))
    letters, phonemes = random.integers(1, 6, rows), random.integers(0, 5, rows)
    columns = np.arange(5)[None]
    source = np.where(columns < letters[:, None], source, PAD)
    target = np.where(columns < phonemes[:, None], target, PAD)
    target[np.arange(rows), phonemes] = EOS
    weight = np.ones(rows, np.float32)
    for x in (source, target, weight):
        x[rows - 5 :] = 0
    return Batch(source.astype(np.int32), target.astype(np.int32), weight)


def assert_close(a, b, rtol: float) -> None:
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-6), a, b)


def take_steps(devices: int, optimizer=SGD, settings=SETTINGS, count: int = 3, rows: int = 16):
    placement = Placement(jax.local_devices()[:devices])
    state = placement.put(init_state(NET, optimizer, settings.seed))
    step = placement.compile(make_train_step(NET, optimizer, settings))
    for _ in range(count):
        state, metrics = step(state, placement.shard(ragged_batch(rows)))
    return jax.tree.map(np.asarray, (state.params, metrics))


@pytest.fixture(scope="module")
def one_device():
    return take_steps(1)


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_many_devices_do_what_one_does(one_device, devices):
    """Also where a device has padding only; one step of rate 1 shows the gradient itself."""
    assert_close(take_steps(devices), one_device, rtol=1e-5)
    (many, _), (one, _) = (take_steps(n, optax.sgd(1.0), count=1) for n in (devices, 1))
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=0, atol=1e-6), many, one)


@pytest.mark.parametrize("devices", (1, 2))
def test_a_step_compiled_ahead_does_what_jax_does(devices):
    optimizer, chosen = make_optimizer(SETTINGS, 10), jax.local_devices()[:devices]
    make = lambda: parallel.data_parallel(make_train_step(NET, optimizer, SETTINGS), chosen)
    step, prepared = make(), make()
    batches = [parallel.shard(ragged_batch(rows), devices) for rows in (8, 16, 4)]
    state = parallel.replicate(init_state(NET, optimizer, 0), chosen)
    prepared.prepare((state, batch) for batch in batches[:2])  # not the third shape
    for batch in (*batches, *batches):
        expected, _ = step(state, batch)
        state, _ = prepared(state, batch)
        jax.tree.map(np.testing.assert_array_equal, state, expected)


def test_a_step_is_gradient_descent_on_the_mean_loss_of_real_phonemes(one_device):
    """One SGD step by hand: unpadded word by word, one division at the end, clipped to norm 1."""
    settings = dataclasses.replace(SETTINGS, label_smoothing=0.0)
    batch, state = ragged_batch(8), init_state(NET, SGD, settings.seed)

    def loss(params):
        total, count = 0.0, 0
        for source, target, weight in zip(*batch[:3], strict=True):
            if weight:
                source, target = source[source != PAD], target[target != PAD]
                logits = NET.apply({"params": params}, source[None], target[None])[0]
                total -= jax.nn.log_softmax(logits)[np.arange(len(target)), target].sum()
                count += len(target)
        return total / count

    mean, gradients = jax.jit(jax.value_and_grad(loss))(state.params)
    norm = float(np.sqrt(sum(np.sum(np.square(g)) for g in jax.tree.leaves(gradients))))
    rate = RATE / max(norm, 1.0)
    expected = jax.tree.map(lambda p, g: p - rate * g, state.params, gradients)
    params, metrics = take_steps(2, settings=settings, count=1, rows=8)
    assert_close(params, expected, rtol=1e-4)
    np.testing.assert_allclose(metrics["gradient"], norm, rtol=1e-4)
    np.testing.assert_allclose(metrics["loss"] / metrics["count"], mean, rtol=1e-5)


def test_learning_rate_schedule_at_hand_worked_points():
    settings = config.Train(learning_rate=1.0, warmup_steps=10, final_rate=0.1)
    rate = learning_rate(settings, 110)
    np.testing.assert_allclose(
        [rate(s) for s in (0, 5, 10, 60, 110)], [0, 0.5, 1, 0.55, 0.1], atol=1e-6
    )
    constant = learning_rate(dataclasses.replace(settings, schedule="constant"), 110)
    np.testing.assert_allclose([constant(s) for s in (0, 5, 10, 110)], [0, 0.5, 1, 1], atol=1e-6)


def test_a_schedule_without_warm_up_is_no_reason_for_a_warning(caplog):
    with caplog.at_level(0):
        settings = config.Train(schedule="constant", warmup_steps=0, learning_rate=0.5)
        rate = learning_rate(settings, 10)
    assert not caplog.records and rate(0) == rate(9) == 0.5


def test_without_teacher_forcing_the_loss_differs_and_is_finite():
    free = dataclasses.replace(SETTINGS, teacher_forcing=0.0)
    losses = [take_steps(2, settings=s, count=1)[1]["loss"] for s in (SETTINGS, free)]
    assert np.isfinite(losses).all() and losses[0] != losses[1]


def test_rmsprop_has_the_meaning_of_pytorch():
    """Two steps by PyTorch's formula: v = a v + (1 - a) g^2, p = p - lr g / (sqrt(v) + eps)."""
    settings = config.Train(
        optimizer="rmsprop", schedule="constant", warmup_steps=0, learning_rate=0.1, clip=0.0
    )
    update = make_optimizer(settings, 10)
    p, v = np.array([1.0, -2.0]), np.zeros(2)
    ours, state = jnp.array(p), update.init(jnp.array(p))
    for g in (np.array([0.3, 1e-5]), np.array([-0.2, 4.0])):
        v = 0.99 * v + 0.01 * g**2
        p = p - 0.1 * g / (np.sqrt(v) + 1e-8)
        updates, state = update.update(jnp.array(g), state, ours)
        ours = optax.apply_updates(ours, updates)
    np.testing.assert_allclose(ours, p, rtol=1e-5)


def test_averaged_weights_at_hand_worked_points():
    optimizer = optax.chain(optax.sgd(0.5), optimizers.average_weights(0.2))
    params, averages = {"w": jnp.ones(1)}, []
    state = optimizer.init(params)
    for _ in range(3):  # w is 1/2, 0, -1/2; what is left of the average is 1/10, 2/11, then 1/5
        updates, state = optimizer.update({"w": jnp.ones(1)}, state, params)
        params = optax.apply_updates(params, updates)
        averages.append(weights_to_evaluate(params, state)["w"][0])
    np.testing.assert_allclose(averages, [0.55, 0.1, -0.38], rtol=1e-6)
    for average, kept in ((0.0, False), (0.9, True)):
        state = make_optimizer(config.Train(average=average), 3).init(params)
        assert (weights_to_evaluate(params, state) is not params) == kept
