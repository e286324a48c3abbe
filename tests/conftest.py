"""Eight CPU devices, so that data parallelism is tested; silent broadcasting is an error."""

import jax

jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_rank_promotion", "raise")
# Compiles in half the time; the commands, in processes of their own, are tested as users run them.
jax.config.update("jax_disable_most_optimizations", True)
