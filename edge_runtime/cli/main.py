"""The command line: `edge-runtime VERB`. Each verb lives in a module of its own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from edge_runtime import __version__
from edge_runtime.cli.bench import bench
from edge_runtime.cli.boards import boards
from edge_runtime.cli.bundle import bundle
from edge_runtime.cli.compile import compile_verb
from edge_runtime.cli.demo import demo
from edge_runtime.cli.device import label, reload, rollback, status, steer
from edge_runtime.cli.doctor import doctor
from edge_runtime.cli.features import features
from edge_runtime.cli.generate import generate_verb
from edge_runtime.cli.head import head
from edge_runtime.cli.models import models
from edge_runtime.cli.outbox import outbox
from edge_runtime.cli.output import configure_logs
from edge_runtime.cli.predict import predict
from edge_runtime.cli.program import program_verb
from edge_runtime.cli.quantize import quantize
from edge_runtime.cli.receive import receive
from edge_runtime.cli.record import record, replay
from edge_runtime.cli.run import run
from edge_runtime.cli.store import export, store
from edge_runtime.cli.synth import synth_verb
from edge_runtime.cli.verify import verify
from edge_runtime.errors import EdgeRuntimeError

__all__ = ["app", "main"]

INTERRUPTED = 130
"""128 + SIGINT: what shells report for a program that was interrupted."""

app = typer.Typer(
    name="edge-runtime",
    help="Embedded edge runtime with FPGA offload.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edge-runtime {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log everything, not only warnings.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before the verb."""
    del version
    configure_logs(verbose=verbose)


app.command("demo")(demo)
app.command("run")(run)
app.command("record")(record)
app.command("replay")(replay)
app.command("features")(features)
app.command("predict")(predict)
app.command("compile")(compile_verb)
app.command("generate")(generate_verb)
app.command("verify")(verify)
app.command("quantize")(quantize)
app.command("synth")(synth_verb)
app.command("program")(program_verb)
app.command("boards")(boards)
app.command("bench")(bench)
app.command("doctor")(doctor)
app.add_typer(models, name="models")
app.command("outbox")(outbox)
app.command("receive")(receive)
app.command("store")(store)
app.command("export")(export)
app.command("status")(status)
app.command("label")(label)
app.command("rollback")(rollback)
app.command("learning")(steer)
app.command("reload")(reload)
app.add_typer(bundle, name="bundle")
app.add_typer(head, name="head")


def main() -> None:
    """Run the command line and leave with its exit status.

    0: what was asked holds; 1: it does not, or something failed; 2: the input or the usage is wrong;
    130: interrupted. What a user can mend is told in one line on standard error.
    """
    try:
        app()
    except EdgeRuntimeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
