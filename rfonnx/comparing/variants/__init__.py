"""What changes to a model would do."""
