"""Stages: a model that takes figures over all of its input is tiled by gathering them first, in passes of their own."""
