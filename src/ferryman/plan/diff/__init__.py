"""What a change of the plan breaks, for whom and why: `ferryman plan diff`."""

from ferryman.plan.diff.change import Change, Verdict
from ferryman.plan.diff.plans import diff

__all__ = ["Change", "Verdict", "diff"]
