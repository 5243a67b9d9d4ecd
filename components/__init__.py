"""How each thing is made: typed components and the pure functions that they are built from."""
