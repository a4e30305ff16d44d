"""The one place in Python that states the version; pyproject.toml must agree (a test holds them together).

A file of its own, because asking importlib.metadata costs more than `rfonnx --version` otherwise takes.
"""

__version__ = "0.1.0"
