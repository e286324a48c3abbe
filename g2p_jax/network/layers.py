"""Linear layers, widths of layers, and their first weights."""

from typing import Any

import flax.linen as nn
import jax

from g2p_jax import config
from g2p_jax.kernels import matmul
from g2p_jax.kernels.parameters import weight


class Linear(nn.Module):
    """x W + b. Inputs that x leaves out, at its end, count as zero."""

    inputs: int
    outputs: int
    dtype: Any
    kernel_init: Any = nn.initializers.lecun_normal()

    def setup(self) -> None:
        self.w = weight(self, "w", self.kernel_init, (self.inputs, self.outputs))
        self.b = weight(self, "b", nn.initializers.zeros, (self.outputs,))

    def __call__(self, x: jax.Array) -> jax.Array:
        return matmul.linear((self.w[: x.shape[-1]], self.b), x, dtype=self.dtype)


def memory_width(settings: config.Model, layer: int = -1) -> int:
    """Width of what an encoder layer passes on; the last one's output is the memory."""
    top = layer % settings.encoder_layers == settings.encoder_layers - 1
    one = settings.directions == "backward" or (settings.directions == "sum" and top)
    return settings.hidden * (1 if one else 2)


def context_width(settings: config.Model) -> int:
    """Width of what attention gives to a decoder."""
    return 0 if settings.attention == "none" else memory_width(settings)


def initializers(settings: config.Model) -> dict[str, Any]:
    """Initializers of each kind of weights: normal if the settings say so, else the usual ones."""
    if settings.init_normal > 0:
        normal = nn.initializers.normal(settings.init_normal)
        kernel = {"kernel_init": normal}
        cell = kernel | {"recurrent_init": normal}
        return {"embedding": normal, "scores": normal, "linear": kernel, "cell": cell}
    own = {"embedding": nn.initializers.normal(1.0), "scores": nn.initializers.normal(0.1)}
    return own | {"linear": {}, "cell": {}}
