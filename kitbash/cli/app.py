"""The commands of `kitbash`; what they do is in the module of their name, imported when they are called."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from kitbash.cli import (
    cartridge_app,
    config_app,
    grains_app,
    metabolism_app,
    metrics_app,
    models_app,
    swarm_app,
    train_app,
)
from kitbash.domain.answer import AskMode
from kitbash.domain.judgement import Judgement
from kitbash.domain.strategy import Strategy

app = typer.Typer(
    name="kitbash",
    help="Answers questions at the cheapest layer that can be trusted, with sources and an honest confidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cartridge_app.app, name="cartridge")
app.add_typer(config_app.app, name="config")
app.add_typer(grains_app.app, name="grains")
app.add_typer(models_app.app, name="models")
app.add_typer(metrics_app.app, name="metrics")
app.add_typer(swarm_app.app, name="swarm")
app.add_typer(train_app.app, name="train")
app.add_typer(metabolism_app.app, name="metabolism")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Mode = Annotated[AskMode, typer.Option(help="Where the layers run: in this process, or in workers.")]
Project = Annotated[Optional[str], typer.Option(help="Which knowledge may be drawn on.")]  # noqa: UP045 - typer reads it
Timeout = Annotated[Optional[float], typer.Option(help="Seconds from question to answer.", min=0.001)]  # noqa: UP045


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(help="The question; words are joined by spaces.")],
    *,
    as_json: AsJson = False,
    mode: Mode = AskMode.AUTO,
    project: Project = None,
    user: Annotated[str, typer.Option(help="Whose questions these are, for what is remembered of them.")] = "",
    timeout: Timeout = None,
    trace: Annotated[bool, typer.Option("--trace", help="Show verdicts, contradictions and decisions.")] = False,
    consensus: Annotated[
        Optional[Strategy],  # noqa: UP045
        typer.Option(help="Let Layers 2 to 4 all answer, and vote.", show_default=False),
    ] = None,
) -> None:
    """Ask one question. Exits with 0 answered, 5 not known, 4 timed out, 3 Redis down, 2 usage, 1 error."""
    from kitbash.cli import ask as command  # noqa: PLC0415

    command.ask(
        " ".join(question),
        as_json=as_json,
        mode=mode,
        project=project,
        user=user,
        timeout_s=timeout,
        trace=trace,
        consensus=consensus,
    )


@app.command()
def repl(
    *,
    mode: Annotated[str, typer.Option(help="direct: in this process; redis: through workers.")] = "direct",
    project: Project = None,
) -> None:
    """Ask question after question; an empty line or Ctrl-D leaves."""
    from kitbash.cli import repl as command  # noqa: PLC0415

    command.repl(mode=mode, project=project)


@app.command()
def up() -> None:
    """Run the server, all workers, beat and Flower under one supervisor, until Ctrl-C."""
    from kitbash.cli import up as command  # noqa: PLC0415

    command.up()


@app.command()
def status(
    *,
    as_json: AsJson = False,
    worker: Annotated[Optional[str], typer.Option(help="Only exit with 3 unless this worker announces itself.")] = None,  # noqa: UP045
) -> None:
    """Show the server, the workers, the queues and the cartridges."""
    from kitbash.cli import status as command  # noqa: PLC0415

    command.status(as_json=as_json, worker=worker)


@app.command()
def servers(*, as_json: AsJson = False) -> None:
    """Show the model servers that the settings name: status, process, load, and when they were last seen."""
    from kitbash.cli import servers as command  # noqa: PLC0415

    command.servers(as_json=as_json)


@app.command()
def tail(
    *,
    as_json: AsJson = False,
    since_start: Annotated[bool, typer.Option("--all", help="Begin with the oldest event that is kept.")] = False,
    count: Annotated[Optional[int], typer.Option(min=1, help="Leave after this many events.")] = None,  # noqa: UP045
) -> None:
    """Show what happens to all queries, as it happens."""
    from kitbash.cli import tail as command  # noqa: PLC0415

    command.tail(as_json=as_json, since_start=since_start, count=count)


@app.command()
def trace(query_id: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False) -> None:
    """Show everything that happened to one query."""
    from kitbash.cli import trace as command  # noqa: PLC0415

    command.trace(query_id, as_json=as_json)


@app.command()
def feedback(
    query_id: Annotated[str, typer.Argument(metavar="ID", help="The query's id, as every answer prints it.")],
    judgement: Annotated[Judgement, typer.Argument(metavar="right|wrong|correct")],
    text: Annotated[Optional[list[str]], typer.Argument(metavar="TEXT", help="With correct: the right answer.")] = None,  # noqa: UP045
    *,
    as_json: AsJson = False,
) -> None:
    """Judge an answer: kitbash feedback ID right, or wrong, or correct "what it should have been"."""
    from kitbash.cli import feedback as command  # noqa: PLC0415

    command.feedback(query_id, judgement, " ".join(text or []), as_json=as_json)


@app.command()
def deltas(
    query_id: Annotated[str, typer.Argument(metavar="ID")],
    *,
    resolve: Annotated[Optional[str], typer.Option(metavar="DELTA", help="Resolve this one, such as d1.")] = None,  # noqa: UP045
    decision: Annotated[Optional[str], typer.Option("--as", help="What was decided.")] = None,  # noqa: UP045
    as_json: AsJson = False,
) -> None:
    """Show what contradicted what in one query, and resolve it: kitbash deltas ID --resolve d1 --as "L0 holds"."""
    from kitbash.cli import deltas as command  # noqa: PLC0415

    command.deltas(query_id, resolve=resolve, decision=decision, as_json=as_json)


@app.command()
def replay(
    what: Annotated[str, typer.Argument(metavar="DATE|ID", help="A day of the archive (YYYY-MM-DD), or one query.")],
    *,
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="NAME=VALUE", help="kappa=0.5 or threshold.cartridge=0.9; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run archived queries through triage, coupling and policy again, and show what would change."""
    from kitbash.cli import replay as command  # noqa: PLC0415

    command.replay(what, settings=settings or [], as_json=as_json)


@app.command()
def stats(
    *,
    as_json: AsJson = False,
    days: Annotated[int, typer.Option(min=1, max=40, help="Today and the days before it.")] = 7,
) -> None:
    """Show how many questions each layer answered, how long they took, and what was archived."""
    from kitbash.cli import stats as command  # noqa: PLC0415

    command.stats(as_json=as_json, days=days)


@app.command()
def dead(*, as_json: AsJson = False) -> None:
    """Show what the queues gave up on."""
    from kitbash.cli import dead as command  # noqa: PLC0415

    command.dead(as_json=as_json)


@app.command()
def inbox(
    *,
    answer: Annotated[Optional[str], typer.Option(metavar="ID", help="Answer this question.")] = None,  # noqa: UP045
    text: Annotated[str, typer.Option("--as", help="The answer.")] = "",
    confidence: Annotated[float, typer.Option(min=0, max=1, help="How sure you are.")] = 1.0,
    person: Annotated[str, typer.Option(help="Who answers; you, if left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what agents ask of people, and answer it: kitbash inbox --answer ID --as "the small lake"."""
    from kitbash.cli import inbox as command  # noqa: PLC0415

    command.inbox(answer=answer, text=text, confidence=confidence, person=person, as_json=as_json)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Check everything Kitbash needs, and say how to mend what is wrong."""
    from kitbash.cli import doctor as command  # noqa: PLC0415

    command.doctor(as_json=as_json)


@app.command()
def calibrate(
    *,
    target: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Precision to look up, if not target_precision of the settings.", min=0.5, max=0.999),
    ] = None,
    plot: Annotated[Optional[Path], typer.Option(metavar="FOLDER", help="Also draw PNG files there.")] = None,  # noqa: UP045
    as_json: AsJson = False,
    train: Annotated[bool, typer.Option("--train", help="Fit the weights to the starter questions again.")] = False,
    write: Annotated[Optional[Path], typer.Option(help="With --train: also write them to this file.")] = None,  # noqa: UP045
    seed: Annotated[int, typer.Option(help="With --train: which tenth of the facts is held out.")] = 0,
    dense: Annotated[bool, typer.Option("--dense", help="With --train: for the encoder that is set.")] = False,
) -> None:
    """Show what precision is promised from which confidence on, and what share of the questions that answers."""
    if dense:
        from kitbash.cli import calibrate_dense  # noqa: PLC0415

        calibrate_dense.calibrate(fit=train, seed=seed, write=write)
        return
    from kitbash.cli import calibrate as command  # noqa: PLC0415

    if train:
        command.train(seed=seed, write=write)
    else:
        command.show(target=target, plot=plot, as_json=as_json)


@app.command()
def demo() -> None:
    """Start a server and a worker, ask a few questions, show who answered, stop everything."""
    from kitbash.cli import demo as command  # noqa: PLC0415

    command.demo()


@app.command()
def version() -> None:
    """Print the version."""
    from kitbash import __version__  # noqa: PLC0415

    typer.echo(f"kitbash {__version__}")
