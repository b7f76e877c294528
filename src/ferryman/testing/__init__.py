"""WHAT USERS TEST WITH. Needs no test runner to be imported."""

from .stores import StoreContract

__all__ = ["StoreContract"]
