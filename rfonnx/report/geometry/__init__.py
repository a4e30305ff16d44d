"""Where cells lie on an input."""
