"""Packages of the wheel; all else is in pyproject.toml.

A folder beside g2p_jax comes along as one of its packages: `configs` is installed as
g2p_jax/configs, `web` as g2p_jax/web. What is no Python is listed as package-data there.
"""

from setuptools import find_packages, setup

BESIDE = {"g2p_jax.configs": "configs", "g2p_jax.web": "web"}

setup(packages=[*find_packages(include=["g2p_jax*"]), *BESIDE], package_dir=BESIDE)
