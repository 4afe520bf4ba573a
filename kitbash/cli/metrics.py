"""What `kitbash metrics serve` does."""

from collections.abc import Callable, Collection, Iterable
from socketserver import ThreadingMixIn
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from typing_extensions import override

from kitbash.cli import output
from kitbash.errors import UsageError
from kitbash.observe import logs
from kitbash.runtime import Runtime
from kitbash.settings import load
from kitbash.swarm import RedisBusClient
from kitbash.swarm.errors import Refused
from kitbash.swarm.keys import Keys
from kitbash.swarm.metrics import BusCollector

_REQUEST_S: Final = 10.0
_log: Final = logs.logger(__name__)


def serve(*, host: str, port: int) -> None:
    """Serve until interrupted. Raises UsageError if the address cannot be had."""
    runtime = Runtime(load().settings)
    try:
        keys = Keys(runtime.settings.swarm.prefix)
        collector = BusCollector(runtime.swarm_redis, runtime.swarm_url, keys, registered=_registered(runtime))
        registry = CollectorRegistry()
        registry.register(collector)
        client = RedisBusClient(client=runtime.swarm_redis)
        with listening(host, port, registry, client.health_check) as it:
            output.line(f"metrics at http://{host}:{it.server_port}/metrics")
            output.flush()
            it.serve_forever()
    finally:
        runtime.close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_S

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of a request: it is outside text, and there are many."""


def listening(host: str, port: int, registry: CollectorRegistry, is_healthy: Callable[[], bool]) -> WSGIServer:
    """Return a server of /metrics and /health that listens and does not answer yet. Raises UsageError."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case "GET", "/metrics":
                start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
                return [generate_latest(registry)]
            case "GET", "/health":
                status = "200 OK" if is_healthy() else "503 Service Unavailable"
            case _:
                status = "404 Not Found"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{status.partition(' ')[2]}\n".encode()]

    try:
        return make_server(host, port, application, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        message = f"{host}:{port} cannot be listened on ({error.strerror}); name another with --host or --port"
        raise UsageError(message) from error


def _registered(runtime: Runtime) -> Callable[[], Collection[str]]:
    store = runtime.swarm_keys

    def names() -> Collection[str]:
        try:
            return {key.agent for key in store.cached().keys}
        except Refused as error:
            # Numbers are shown all the same; names that nobody vouches for are not.
            _log.warning("swarm.metrics.keys", error=str(error))
            return {""}

    return names
