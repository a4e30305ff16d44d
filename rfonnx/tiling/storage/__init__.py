"""Files that tiles are read from and written to, never as a whole."""
