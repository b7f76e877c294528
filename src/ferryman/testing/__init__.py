"""WHAT USERS TEST WITH. Needs no test runner to be imported."""
