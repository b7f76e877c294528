"""The tracking plan itself: classes collected, asked at run time, and what was said against it."""

from ferryman.plan.tracking.deviations import Deviation
from ferryman.plan.tracking.plan import E_contra, P_contra, PlanMode, TrackingPlan

__all__ = ["Deviation", "E_contra", "P_contra", "PlanMode", "TrackingPlan"]
