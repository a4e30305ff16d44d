"""Whole fleets of models: each in a process of its own, one line for each."""
