"""What serves the requests of the bus: a client that blocks. `awaiting.py` has the one for event loops."""

from typing import Any

from redis.exceptions import NoScriptError

from kitbash.swarm import check, scripts
from kitbash.swarm.connecting import ERRORS, page_of, text_of, translated
from kitbash.swarm.request import (
    Argument,
    Ask,
    AskAll,
    Check,
    Permit,
    Request,
    RunScript,
    ScanPage,
    Seal,
    Steps,
    Value,
)
from kitbash.swarm.sealing import Guard, Sealer


class BlockingWorld:
    """Serves requests one after another, waiting for each."""

    def __init__(self, client: Any, url: str, *, sealer: Sealer, guard: Guard, decodes: bool, is_cluster: bool) -> None:
        """Use a client of redis-py; `url` is for messages. Nothing is sent yet."""
        self.client = client
        self.url = url
        self._sealer = sealer
        self._guard = guard
        self._decodes = decodes
        self._is_cluster = is_cluster

    def run(self, steps: Steps[Value]) -> Value:
        """Run a command to its end. Raises what it raises, and StoreUnavailable or Occupied for the server's errors."""
        reply: Any = None
        try:
            while True:
                reply = self._serve(steps.send(reply))
        except StopIteration as end:
            return end.value
        except ERRORS as error:
            raise translated(error, self.url) from error

    def _serve(self, request: Request) -> Any:  # noqa: PLR0911 - one for each request
        match request:
            case Seal():
                return self._sealer.seal(request.packet, request.action)
            case RunScript():
                return self._script(request)
            case Permit():
                return self._guard.require(request.agent, request.operation)
            case Ask():
                return self._text(self.client.execute_command(*request.command))
            case AskAll():
                return self._together(request.commands)
            case Check():
                return self._sealer.check(request.packet, check.now(), request.actions)
            case ScanPage():
                return self._page(request)

    def _script(self, request: RunScript) -> Any:
        verb, keys, args = request
        try:
            reply = self.client.execute_command("EVALSHA", scripts.digest(verb), len(keys), *keys, *args)
        except NoScriptError:
            reply = self.client.eval(scripts.source(verb), len(keys), *keys, *args)
        return self._text(reply)

    def _together(self, commands: Any) -> Any:
        if not commands:
            return []
        pipe = self.client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        return self._text(pipe.execute())

    def _page(self, request: ScanPage) -> Any:
        command: tuple[Argument, ...] = ("SCAN", request.cursor, "MATCH", request.pattern, "COUNT", request.size)
        if not self._is_cluster:
            return self._text(self.client.execute_command(*command))
        # All keys of the bus lie in one slot, and so on one node.
        node = self.client.get_node_from_key(request.pattern.rstrip("*"))
        return page_of(self._text(self.client.execute_command(*command, target_nodes=node)))

    def _text(self, reply: Any) -> Any:
        return reply if self._decodes else text_of(reply)
