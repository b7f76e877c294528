"""Measures ferryman beside its peers and beside the floor: `python -m benchmarks`.

Here live the server (`sink/`), the contenders (`contenders/`, one process each), the table of who
runs (`rows.py`), what is promised (`figures.py`) and how it is told (`report.py`). Nothing here is
imported by the package.
"""
