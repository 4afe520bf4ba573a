"""`kitbash up`: everything of the Procfile under one supervisor."""

import asyncio
import os
import sys

from kitbash import assets
from kitbash.cli import output
from kitbash.cli.model_server import Supervised
from kitbash.cli.supervisor import parse_procfile, supervise
from kitbash.runtime import Runtime
from kitbash.settings import load

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)


def up() -> None:
    """Run every process until Ctrl-C; leave none behind."""
    services = parse_procfile(assets.path("Procfile"))
    settings = load().settings
    servers = (f"{name}-server" for name in settings.servers)
    width = max(map(len, ("supervisor", *(service.name for service in services), *servers)))
    colours = {service.name: _COLOURS[at % len(_COLOURS)] for at, service in enumerate(services)}

    def say(name: str, text: str) -> None:
        if sys.stdout.isatty():
            output.write(f"\x1b[{colours.get(name, 1)}m{name:{width}}\x1b[0m | ")
        else:
            output.write(f"{name:{width}} | ")
        output.line(text)
        output.flush()

    runtime = Runtime(settings)
    try:
        say("supervisor", f"server: {runtime.board.server()}")
        # Cartridges are built and indexed once here, not by every worker at the same moment.
        say("supervisor", f"cartridges: {len(runtime.library.cartridges)}")
        watched = [Supervised(name, it, say, runtime.servers.report) for name, it in settings.servers.items()]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        asyncio.run(supervise(services, environment, say, [it.keep for it in watched]))
    finally:
        runtime.close()
