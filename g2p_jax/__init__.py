"""g2p_jax: pronunciation from spelling with recurrent networks in JAX.

>>> import g2p_jax
>>> g2p = g2p_jax.load()
>>> g2p("hello")
'HH AH L OW'
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from g2p_jax.data.lexicon import read_lexicon
    from g2p_jax.errors import UserError
    from g2p_jax.predict.g2p import G2P, Answer, Pronunciation, load
    from g2p_jax.predict.language_model import LanguageModel
    from g2p_jax.scoring import score

__version__ = "0.1.0"
__all__ = [
    "G2P", "Answer", "LanguageModel", "Pronunciation", "UserError", "load", "read_lexicon", "score",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Imports a public name when it is used first: only those that need JAX wait for it."""
    modules = {"read_lexicon": "data.lexicon", "UserError": "errors", "score": "scoring"}
    modules |= {"LanguageModel": "predict.language_model"}
    if name in __all__:
        module = importlib.import_module(f"g2p_jax.{modules.get(name, 'predict.g2p')}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
