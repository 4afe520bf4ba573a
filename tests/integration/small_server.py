"""A server with a health path, as a program: port, what it does, and a file that it appends its process number to.

`well` answers 200; `ill` answers 503; `turns` answers 200 until the file named by its last argument is there, then 503;
`dies` ends at once with code 3; `parent` answers 200 and has a child that outlives a signal to its leader alone.
"""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override

PORT, KIND, STARTED = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        turned = KIND == "turns" and Path(sys.argv[4]).exists()
        self.send_response(503 if KIND == "ill" or turned else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def started(pid: int) -> None:
    with STARTED.open("a") as file:
        file.write(f"{pid}\n")


def main() -> None:
    started(os.getpid())
    if KIND == "dies":
        sys.exit(3)
    if KIND == "parent":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        started(child.pid)
    secrets = sorted(name for name in os.environ if "SECRET" in name)
    sys.stdout.write(f"sees {secrets}\n")
    sys.stdout.flush()
    ThreadingHTTPServer(("127.0.0.1", PORT), Health).serve_forever()


main()
