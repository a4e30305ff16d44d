"""Fleets of models."""
