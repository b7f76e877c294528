"""The commands, each a lazy name, and what becomes of an error: one sentence and an exit code.

The codes: 0 everything done, 1 something was not, 2 the command line or the settings are wrong,
128 and the signal's number when stopped by one.
"""

import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError, Parameter

from ferryman.cli.out import complain, shown
from ferryman.errors import ConfigurationError, FerrymanError, InvalidOperation

DONE: Final = 0
INCOMPLETE: Final = 1
USAGE: Final = 2

# Here and not beside the commands, so that the list of commands imports none of them.
_IMPORT: Final = """Send each row of a CSV or NDJSON file as an event.

The columns --person and --at say who and when; all others are the event's data. A CSV file is \
UTF-8 with a header, and its cells are text unless --types says. NDJSON has one object a line, \
and numbers keep their digits. The person is always text.

Keys come from the environment: CUSTOMERIO_SITE_ID and CUSTOMERIO_TRACK_API_KEY, or \
CUSTOMERIO_PRIVATE_KEY. Events wait in CUSTOMERIO_OUTBOX, or in a private file that is removed \
when all have arrived.

A row that cannot be an event is refused and told with its line; the rest goes on. A CSV file \
that is broken is read up to the line where it is: what follows may stand inside a cell. Running \
an import again says nothing twice: the id of an event is made of its name, time, line and row.

Exit code: 0 every row was accepted and delivered; 1 not every row; 2 wrong usage or settings; \
130 stopped by Ctrl-C, 143 by SIGTERM."""
_RELAY: Final = """Deliver what waits in CUSTOMERIO_OUTBOX, until stopped.

With --once until nothing waits. One relay delivers from an outbox: while another process does, \
this one waits to take over. An outbox that is not there yet is waited for; \
--create makes it. Ctrl-C or SIGTERM lets requests on their way finish; what waits \
stays in the outbox.

Exit code: 0 stopped, or with --once everything was delivered; 1 with --once not everything; \
2 wrong usage or settings; 130 or 143 when a signal stopped --once."""
_OUTBOX_KEY: Final = """Print a fresh key for CUSTOMERIO_OUTBOX_KEYS, which encrypts an outbox.

Where that variable has keys, the new one goes with them: put it first, a comma behind it, and \
keep the others until nothing waits under them. Nothing else is printed to stdout.

Exit code: 0 printed; 2 wrong usage or settings."""
_EMULATOR: Final = """Stand in for Customer.io on this machine, until stopped.

Prints where it is and the environment that points applications at it: --port is for http, \
--tls-port for clients that insist on https. The state is in memory, or in the SQLite file --data.

Exit code: 0 stopped; 1 it could not start, such as for a port that is taken; 2 wrong usage."""
_DEMO: Final = """Carry sample events through faults into the emulator, and count them.

Needs no account and no settings. Exit code: 0 everything accepted was delivered, 1 not so."""

_PLAN_DIFF: Final = """Say what changed between two plans, whom it hurts, and why.

OLD and NEW are files (our document, JSON Schema, or Segment's plan) or MODULE:PLAN. Breaking is \
what refuses code or takes from campaigns what they read; risky is what they may not expect.

Exit code: 0 nothing breaking, with --strict nothing risky either; 1 otherwise; 2 wrong usage."""
_PLAN_CHECK: Final = """Say what is wrong with a plan, and with its use in a code base.

PLAN is MODULE:PLAN or a file (our document, JSON Schema, or Segment's plan). PATHS are read and \
never imported; hidden folders, build, dist, node_modules and virtual environments are left out. \
A comment "# ferryman: ignore[rule]" silences its line; --rules lists every rule.

Exit code: 0 nothing wrong; 1 an error, or with --strict a warning; 2 wrong usage."""
_PLAN_SCHEMA: Final = """Write the plan MODULE:PLAN as JSON Schema, the same bytes each time.

Exit code: 0 written; 2 wrong usage, or there is no such plan."""
_PLAN_GENERATE: Final = """Write the Python module that declares the plan of a document.

The document is ours, JSON Schema, or Segment's plan. The same document gives the same text.

Exit code: 0 written; 1 it cannot be written as classes; 2 wrong usage, or it is no plan."""
_PLAN_TYPESCRIPT: Final = """Write the plan, a file or MODULE:PLAN, as TypeScript types.

Exit code: 0 written; 2 wrong usage, or there is no such plan."""

_PLAN_TEMPLATES: Final = """Say what message templates read that the plan does not have.

PATH is a folder or a template in Liquid. What it is for stands in it, as {% comment %}ferryman: \
event=NAME{% endcomment %} (or message=NAME), or its file or folder is called so. Errors are \
variables that nothing provides, and syntax; warnings are fields that may be missing with no \
default, and fields that no template reads. Templates are read, never rendered.

Exit code: 0 no errors, with --strict no warnings either; 1 otherwise; 2 wrong usage."""
_PLAN_DOCS: Final = """Write the plan, a file or MODULE:PLAN, as a page for people.

Markdown to stdout, unless --out names a file (.md or .html) or a folder, which gets both. The \
HTML page loads nothing from elsewhere. The same plan gives the same bytes.

Exit code: 0 written; 2 wrong usage, or there is no such plan."""
_PLAN_OBSERVE: Final = """Say what is really said, and how it differs from the plan.

SOURCE is a CSV or NDJSON export, a saved observed.json, the emulator, or an outbox. A row is the \
data of --event, or names its event in --event-column, or is a line as Track and Segment write \
them. Held against --plan are names, presence, types, formats and the values of a Literal of up \
to 12; bounds and patterns are not. --propose writes the classes that the plan lacks.

Exit code: 0 all that was seen is as the plan says, or no plan was given; 1 otherwise, for rows \
that cannot be read, and with --strict for what is never seen or deprecated; 2 wrong usage; 130 \
or 143 when stopped by a signal."""

_OUTBOX_STATUS: Final = """Show the accounts of an outbox, and whether somebody must do something.

Reads CUSTOMERIO_OUTBOX beside a running application; needs no API key and no encryption key. \
--watch looks again each second, until Ctrl-C; with --json it prints a line each time.

Exit code: 0 all is well; 1 something needs a person: dead letters, people who wait behind one, \
damage, or accounts that do not add up; 2 wrong usage or settings, or there is no such outbox."""
_OUTBOX_DEAD: Final = """List what could not be delivered, and why, in order of acceptance.

Neither what was said nor of whom is shown: `outbox show PLACE` does that for one.

Exit code: 0 listed, or nothing is such; 2 wrong usage or settings."""
_OUTBOX_SHOW: Final = """Show all of the dead letter at PLACE.

Exit code: 0 shown; 1 no dead letter has that place; 2 wrong usage or settings."""
_OUTBOX_REPLAY: Final = """Let dead letters wait again, each in its old place.

Name PLACES that `outbox dead` lists, or select as there, or say --all. Not replayed is what is \
about somebody who was deleted or suppressed since, and, without --again, what may have arrived \
and would be a second message. Whichever relay delivers from the outbox then sends them.

Exit code: 0 all were replayed; 1 some were refused, and why is said; 2 wrong usage or settings."""
_OUTBOX_SKIP: Final = """Throw dead letters away, so that what waits behind them goes on.

Name PLACES that `outbox dead` lists, or select as there, or say --all.

Exit code: 0 all were skipped; 1 not all were there; 2 wrong usage or settings."""
_OUTBOX_PURGE: Final = """Throw dead letters away, and nothing of them stays on disk.

Name PLACES that `outbox dead` lists, or select as there, or say --all. With --everything-of all \
that names this person so goes, what waits too; Customer.io itself is not touched. Asks before, \
on a terminal; elsewhere --yes is needed.

Exit code: 0 all were purged; 1 not all were there, or the answer was no; 2 wrong usage or \
settings."""
_OUTBOX_CHECK: Final = """Compare what an outbox file holds with its accounts.

Works beside a running application. --repair writes all that is sound into a new file in its \
place and keeps the old one; that takes nobody else using the file.

Exit code: 0 the file is sound; 1 it is not, or was not before --repair, or cannot be read or is \
in use; 2 wrong usage or settings."""


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
    help=_RELAY,
)
app.command(relay)
outbox = App(name="outbox", help="See to what waits in the outbox.")
for _name, _module, _help in (
    ("status", "status", _OUTBOX_STATUS),
    ("dead", "dead", _OUTBOX_DEAD),
    ("show", "dead", _OUTBOX_SHOW),
    ("replay", "acts", _OUTBOX_REPLAY),
    ("skip", "acts", _OUTBOX_SKIP),
    ("purge", "acts", _OUTBOX_PURGE),
    ("check", "check", _OUTBOX_CHECK),
):
    outbox.command(f"ferryman.cli.outbox_{_module}:run_{_name}", name=_name, help=_help)
outbox.command("ferryman.cli.outbox_key:run_key", name="key", help=_OUTBOX_KEY)
app.command(outbox)
app.command(
    "ferryman.cli.demo:run_demo",
    name="demo",
    help=_DEMO,
)
app.command(
    "ferryman.cli.emulator:run_emulator",
    name="emulator",
    help=_EMULATOR,
)
app.command(
    "ferryman.cli.importing:run_import",
    name="import",
    help=_IMPORT,
)
plan = App(name="plan", help="Check and compare tracking plans, and write them in other forms.")
for _name, _help in (
    ("diff", _PLAN_DIFF),
    ("schema", _PLAN_SCHEMA),
    ("generate", _PLAN_GENERATE),
    ("typescript", _PLAN_TYPESCRIPT),
):
    plan.command(f"ferryman.cli.plan:run_{_name}", name=_name, help=_help)
plan.command("ferryman.cli.plan_templates:run_templates", name="templates", help=_PLAN_TEMPLATES)
plan.command("ferryman.cli.plan_docs:run_docs", name="docs", help=_PLAN_DOCS)
plan.command("ferryman.cli.plan_check:run_check", name="check", help=_PLAN_CHECK)
plan.command("ferryman.cli.plan_observe:run_observe", name="observe", help=_PLAN_OBSERVE)
app.command(plan)


def run(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name; return its exit code."""
    try:
        result = app(list(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(" ".join(str(error).split()))
        return USAGE
    except ConfigurationError as error:
        complain(str(error))
        return USAGE
    except FerrymanError as error:
        complain(shown(str(error)) if isinstance(error, InvalidOperation) else str(error))
        return INCOMPLETE
    except ModuleNotFoundError as missing:
        if (missing.name or "ferryman").partition(".")[0] == "ferryman":
            raise
        complain(f'This command needs {missing.name}: pip install "ferryman[all]"')
        return USAGE
    except RecursionError:
        complain("what was given is nested too deep to be read")
        return INCOMPLETE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads on, and Python would complain of it at the end
        return INCOMPLETE
    return result if isinstance(result, int) else DONE
