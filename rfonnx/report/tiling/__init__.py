"""Plans of tiles, in every format."""
