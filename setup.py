"""Packages of the wheel; all else is in pyproject.toml.

A folder beside g2p_jax comes along as one of its packages: `configs` is installed as
g2p_jax/configs. Others (web) need a line here, and their files in package-data of pyproject.toml.
"""

from setuptools import find_packages, setup

BESIDE = {"g2p_jax.configs": "configs"}

setup(packages=[*find_packages(include=["g2p_jax*"]), *BESIDE], package_dir=BESIDE)
