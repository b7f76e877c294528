"""The commands, each a lazy name, and what becomes of an error: one sentence and an exit code.

The codes: 0 everything done, 1 something was not, 2 the command line or the settings are wrong,
128 and the signal's number when stopped by one.
"""

import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError, Parameter

from ferryman.cli.out import complain
from ferryman.errors import ConfigurationError, FerrymanError

DONE: Final = 0
INCOMPLETE: Final = 1
USAGE: Final = 2


def _version() -> str:
    from ferryman import __version__

    return f"ferryman {__version__}"


app = App(
    name="ferryman",
    help="Carries what a Python application says about its customers to Customer.io.",
    version=_version,
    help_format="plaintext",
    default_parameter=Parameter(negative=""),
    result_action="return_value",
)
relay = App(name="relay", help="Deliver what waits in the outbox.")
relay.command(
    "ferryman.cli.relay:run_relay",
    name="run",
    help="Deliver what waits in CUSTOMERIO_OUTBOX, until stopped or --once until nothing waits.",
)
app.command(relay)
app.command(
    "ferryman.cli.demo:run_demo",
    name="demo",
    help="Carry sample events through faults into the emulator, and count them.",
)
app.command(
    "ferryman.cli.emulator:run_emulator",
    name="emulator",
    help="Stand in for Customer.io on this machine, until stopped.",
)
app.command(
    "ferryman.cli.importing:run_import",
    name="import",
    help="Send each row of a CSV or NDJSON file as an event.",
)


def run(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name; return its exit code."""
    try:
        result = app(list(arguments), exit_on_error=False, print_error=True)
    except CycloptsError:
        return USAGE
    except ConfigurationError as error:
        complain(str(error))
        return USAGE
    except FerrymanError as error:
        complain(str(error))
        return INCOMPLETE
    except ModuleNotFoundError as missing:
        if (missing.name or "ferryman").partition(".")[0] == "ferryman":
            raise
        complain(f'This command needs {missing.name}: pip install "ferryman[all]"')
        return USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads on, and Python would complain of it at the end
        return INCOMPLETE
    return result if isinstance(result, int) else DONE
