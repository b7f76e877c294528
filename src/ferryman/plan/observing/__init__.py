"""What is really said: counted, held against a plan, or made into one: `ferryman plan observe`.

At the door stands the counting alone, which applications and the emulator run: comparing.py and
proposing.py load more, and are named by who needs them. The form that counts have in files is
public, and stands beside the rooms (observed_form.py).
"""

from ferryman.plan.observing.observed import Observed

__all__ = ["Observed"]
