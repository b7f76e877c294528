"""The one page at `/emulator/`: what a workspace holds and what was asked of it.

Everything on it is escaped by the template engine, nothing is loaded from elsewhere, and there is
no script on it.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Final

import jinja2

from ferryman.emulator import views
from ferryman.emulator.desk import Desk
from ferryman.emulator.emulation import Emulation

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
SHOWN: Final = 20


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ferryman.emulator"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = moment
    return environment.get_template("overview.html")


def moment(seconds: float) -> str:
    """Write Unix seconds as a date and time of day in UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def overview(emulation: Emulation, desk: Desk) -> str:
    """Write the page of a workspace."""
    state = desk.world.state
    newest = list(reversed(state.people.values()))[:SHOWN]
    return _template().render(
        summary=views.summary(desk),
        workspaces=list(emulation.desks),
        people=newest,
        requests=list(reversed(desk.traffic.last))[:SHOWN],
        activity=list(reversed(state.activity))[:SHOWN],
        faults=len(emulation.faults.faults),
        shown=SHOWN,
    )
