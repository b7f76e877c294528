"""What values a declared type takes: read once a class, then looked at once a value.

A class is read (compiler.py) into a shape (shapes.py) of single checks (checks.py), with a short
way for values that are right (quick.py); data in a dict is checked against a class (loose.py).
Here must not live: what is declared, and how it is written (declaring/).
"""
