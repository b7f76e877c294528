"""DOES. The shells that perform what the core decides: network, time, chance, ids.

The only room that imports the HTTP library, and shows none of its types.
"""
