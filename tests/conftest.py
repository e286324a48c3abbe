"""Eight CPU devices, so that data parallelism is tested; silent broadcasting is an error."""

import gc
import os
import tempfile
from pathlib import Path

import jax
import pytest

import g2p_jax

gc.set_threshold(20_000)  # tracing makes many objects, few of them garbage in cycles
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_rank_promotion", "raise")
# Compiles in a third of the time; the commands, in processes of their own, are tested as users run
# them.
jax.config.update("jax_disable_most_optimizations", True)
if jax.__version_info__ < (0, 11):
    flags = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    os.environ["XLA_FLAGS"] = flags
# What one test has compiled, another need not, in whichever process: those that pytest starts have
# the variable.
_own = None
if "G2P_JAX_TEST_CACHE" not in os.environ:
    _own = tempfile.TemporaryDirectory(prefix="g2p_jax_tests_")
    os.environ["G2P_JAX_TEST_CACHE"] = _own.name
CACHE = Path(os.environ["G2P_JAX_TEST_CACHE"])
jax.config.update("jax_compilation_cache_dir", os.fspath(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def pytest_unconfigure() -> None:
    if _own:
        _own.cleanup()


@pytest.fixture(scope="session")
def cache():
    """The folder of all compiled programs."""
    return CACHE


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a run that has learnt eight words by heart."""
    from tests import tiny_model  # here: other tests need not wait for it

    return tiny_model.train_in(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="session")
def g2p(trained):
    """Its model."""
    return g2p_jax.load(trained)


@pytest.fixture
def write(tmp_path):
    """Writes a text or bytes to a file of this name; returns its path."""

    def write(text, name="lexicon.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write
