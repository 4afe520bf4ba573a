"""What serves the requests of the bus: a client that blocks. `awaiting.py` has the one for event loops."""

from collections.abc import Sequence
from typing import Any

from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError, ResponseError

from kitbash.errors import KitbashError
from kitbash.swarm import check, scripts
from kitbash.swarm.connecting import ERRORS, each_of, named_of, page_of, text_of, translated
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
        failed: KitbashError | None = None
        try:
            while True:
                # A command may go on after an error of the server, where one record must not hide the others.
                request = steps.send(reply) if failed is None else steps.throw(failed)
                failed = None
                try:
                    reply = self._serve(request)
                except ERRORS as error:
                    failed = translated(error, self.url)
                    failed.__cause__ = error
        except StopIteration as end:
            return end.value

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
        try:
            replies = pipe.execute(raise_on_error=False)
        except UnicodeDecodeError as error:
            replies = [error]
        if any(isinstance(it, UnicodeDecodeError) for it in replies):
            # One reply that is no text spoils those after it; one by one, it is told from the others.
            replies = [self._one(command) for command in commands]
        return self._text(each_of(replies, self.url))

    def _one(self, command: Sequence[Argument]) -> Any:
        try:
            return self.client.execute_command(*command)
        except (UnicodeDecodeError, ResponseError) as error:
            return error

    def _page(self, request: ScanPage) -> Any:
        command: tuple[Argument, ...] = ("SCAN", request.cursor, "MATCH", request.pattern, "COUNT", request.size)
        # A key of somebody else's may hold any bytes.
        as_bytes = {NEVER_DECODE: True}
        if not self._is_cluster:
            return named_of(self.client.execute_command(*command, **as_bytes))
        # All keys of the bus lie in one slot, and so on one node.
        node = self.client.get_node_from_key(request.pattern.rstrip("*"))
        return page_of(named_of(self.client.execute_command(*command, target_nodes=node, **as_bytes)))

    def _text(self, reply: Any) -> Any:
        return reply if self._decodes else text_of(reply)
