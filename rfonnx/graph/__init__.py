"""Models as plain graphs: nodes with static shapes, and what can be asked of them without reading anything."""
