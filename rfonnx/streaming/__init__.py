"""Streams: a model rewritten so that it runs on chunks as they come, and makes what the offline model would."""
