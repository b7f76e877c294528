"""Message templates held against a plan. Needs python-liquid: `ferryman[plan]`."""

from ferryman.plan.templates.checking import Checked, Finding, Level, Template, check

__all__ = ["Checked", "Finding", "Level", "Template", "check"]
