"""g2p_jax: pronunciation from spelling with recurrent networks in JAX.

>>> import g2p_jax
>>> g2p = g2p_jax.load("runs/gru")
>>> g2p("hello")
'HH AH L OW'
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from g2p_jax.predict.g2p import G2P, Answer, Pronunciation, load

__all__ = ["G2P", "Answer", "Pronunciation", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Imports JAX only when a model is asked for: data tools and --help need not wait for it."""
    if name in __all__:
        from g2p_jax.predict import g2p as pronounce

        return getattr(pronounce, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
