"""How a value of the wrong kind is told: one sentence, the same wherever one is given. Pure."""


def wrong_kind(wanted: str, value: object) -> str:
    """Return the rule that *value* breaks where *wanted* belongs; a class is told as one."""
    if isinstance(value, type):
        name = value.__name__
        return f"must be {wanted}; {name} is the class: pass {name}(...)"
    return f"must be {wanted}, not {type(value).__name__}"
