"""The classes that a plan is made of, ours and others', and the bytes of their instances."""
