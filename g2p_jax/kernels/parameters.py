"""Weights of Flax modules, without the tracing that Flax does each time a module is called."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


def reference(module: nn.Module, name: str, init: Callable, *args: Any) -> jax.Array:
    """A parameter of the module; `init(key, *args)` gives its first value."""
    return module.param(name, init, *args)


def weight(module: nn.Module, name: str, init: Callable, *args: Any) -> jax.Array:
    """Does the same; Flax would trace `init` for each call, to compare shapes."""
    if module.has_variable("params", name):
        return module.get_variable("params", name)
    return module.param(name, init, *args)


def set_up(module: nn.Module) -> None:
    """Makes the weights of a module and of all its submodules: for `init(key, method=set_up)`.

    Nothing is computed with them, which takes a third of the time of `init` with inputs.
    """
    hasattr(module, "anything")  # a module is set up when it is asked for what it does not have
    parts = [part for name, part in vars(module).items() if name != "parent"]
    is_module = lambda part: isinstance(part, nn.Module)
    for part in filter(is_module, jax.tree.leaves(parts, is_leaf=is_module)):
        set_up(part)


def round_matrices(params: Any, dtype: jnp.dtype) -> Any:
    """The same weights with their matrices in the operand type of `matmul`, which changes nothing.

    A search reads them again and again; training needs all their digits.
    """

    def read(path: Any, w: Any) -> Any:
        name = path[-1].key
        return w.astype(dtype) if name == "w" or name.startswith("u_") else w

    return jax.tree_util.tree_map_with_path(read, params)
