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
    from g2p_jax.predict.g2p import G2P
    from g2p_jax.predict.language_model import LanguageModel
    from g2p_jax.predict.lexicon_first import load
    from g2p_jax.predict.pronunciation import Answer, Pronunciation
    from g2p_jax.scoring import score

__version__ = "0.1.0"
__all__ = [
    "G2P", "Answer", "LanguageModel", "Pronunciation", "UserError", "load", "read_lexicon", "score",
]  # fmt: skip


_MODULES = {
    "read_lexicon": "data.lexicon",
    "UserError": "errors",
    "score": "scoring",
    "load": "predict.lexicon_first",
    "Answer": "predict.pronunciation",
    "Pronunciation": "predict.pronunciation",
    "G2P": "predict.g2p",
    "LanguageModel": "predict.language_model",
}


def __dir__() -> list[str]:
    return list(__all__)


if not TYPE_CHECKING:  # a type checker sees the imports above, and no other names

    def __getattr__(name: str) -> Any:
        """Imports a public name when it is used first: only those that need JAX wait for it."""
        if name in _MODULES:
            return getattr(importlib.import_module(f"g2p_jax.{_MODULES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
