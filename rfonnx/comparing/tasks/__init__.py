"""Kinds of task: what outputs mean, and so what is measured on them. One file each; `registry` lists them."""
