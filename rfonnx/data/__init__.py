"""Samples: read from folders and files of strangers, or drawn, and made into what a model takes."""
