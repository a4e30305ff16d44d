"""The network drawn: what the panels of a page share, and how the field grows along the depth."""
