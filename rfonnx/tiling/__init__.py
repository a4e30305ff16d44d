"""Tiles: running a model on parts of its input so that the parts together are what the whole would be."""
