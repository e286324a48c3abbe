"""`python -m g2p_jax NAME` is `g2p-jax NAME`."""

from g2p_jax.commands import main

main()
