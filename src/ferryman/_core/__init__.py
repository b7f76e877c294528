"""DECIDES. Pure: no I/O, clock, chance, environment or logging; the same in, the same out."""
