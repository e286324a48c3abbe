"""CPU cores as devices: how many there are, and how many of them share a batch."""

import contextlib
import functools
import os
import platform

import jax

from g2p_jax.devices.versions import CPU_MULTIPLIES_BFLOAT16

LEAST_ROWS = 32  # of a device


def use_cpu_cores(batch_size: int, processes: int = 1) -> None:
    """Makes each CPU core a device of its own; to be called before JAX is used.

    Small recurrent steps run faster on their share of the batch, which fits a core's cache, than
    spread operation by operation over all cores; see benchmarks/train_step.py. A choice by
    JAX_NUM_CPU_DEVICES or XLA_FLAGS is left alone, as are GPUs and TPUs.

    batch_size: rows that the devices of all processes share.
    """
    chosen = "JAX_NUM_CPU_DEVICES" in os.environ
    if chosen or "host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    devices = devices_for(batch_size // processes, cpu_cores())
    jax.config.update("jax_num_cpu_devices", devices)


def cpu_cores() -> int:
    """Number of cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def devices_for(batch_size: int, most: int) -> int:
    """Largest number of devices that get equally many rows of a batch, and LEAST_ROWS each."""
    fits = lambda n: batch_size % n == 0 and batch_size // n >= LEAST_ROWS
    return next(filter(fits, range(most, 1, -1)), 1)


@functools.cache
def multiplies_bfloat16() -> bool:
    """Whether matrix products with bfloat16 operands are faster than those of float32.

    So they are on x86 CPUs with AMX, and on AMD's with AVX-512 BF16. Intel's without AMX have those
    instructions, too, but there a step of training takes 1.4 times as long as in float32; elsewhere
    they are emulated.
    """
    if not CPU_MULTIPLIES_BFLOAT16 or platform.system() != "Linux":
        return False
    about = dict[str, str]()
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        named = (line for line in file if line.startswith(("vendor_id", "flags")))
        about = dict(line.split("\t", 1) for line in named)
    flags = about.get("flags", "").split()
    amd = "AuthenticAMD" in about.get("vendor_id", "")
    return "amx_bf16" in flags or (amd and "avx512_bf16" in flags)
