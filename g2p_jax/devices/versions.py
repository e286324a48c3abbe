"""Differences between versions of JAX, in this file only.

The lower bounds in requirements.txt are those of Colab's and Kaggle's runtimes, whose own JAX fits
their accelerator and must stay.
"""

import jax

# XLA's CPU backend multiplies bfloat16 with float32 sums from this version on; before, it stops at
# the first product ("Unsupported element type for DotThunk").
CPU_MULTIPLIES_BFLOAT16 = jax.__version_info__ >= (0, 10)
