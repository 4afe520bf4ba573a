"""The way to a model's server: names that are slow or lead astray, TLS, addresses that do not answer."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kitbash.errors import EngineTimeout, EngineUnavailable
from kitbash.models.generator import Prompt
from kitbash.models.llamacpp import LlamaCpp
from tests.integration.kobold_server import serving
from tests.model_servers.dialects import LLAMA
from tests.waiting import until

PROMPT: Final = Prompt("Why does ice float?", max_tokens=20, temperature=0.3, deadline_s=0.3)
TOLERANCE_S: Final = 0.7
PATIENT: Final = Prompt("Why does ice float?", max_tokens=20, temperature=0.3, deadline_s=10.0)


def leading_to(*addresses: str) -> Callable[..., list[Any]]:
    """Return a lookup that finds these addresses for any name; an address is found as always."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        if host[0].isdigit():
            return real(host, port, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return look_up


def test_a_name_that_leads_to_a_metadata_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitbash.models.addresses.socket.getaddrinfo", leading_to("169.254.169.254"))
    with pytest.raises(EngineUnavailable, match=r"169\.254\.169\.254 is a link-local, multicast or metadata address"):
        LlamaCpp("http://model.example").generate(PROMPT)


def test_a_lookup_that_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        over.wait(10)
        return []

    monkeypatch.setattr("kitbash.models.addresses.socket.getaddrinfo", hang)
    began_s = time.monotonic()
    with pytest.raises(EngineTimeout):
        LlamaCpp("http://model.example").generate(PROMPT)
    assert time.monotonic() - began_s < PROMPT.deadline_s + TOLERANCE_S
    over.set()


def test_a_server_that_accepts_nobody_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # The queue of those who wait to be accepted is full after these; a further one gets no answer at all.
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        began_s = time.monotonic()
        with pytest.raises((EngineTimeout, EngineUnavailable)):
            LlamaCpp(f"http://127.0.0.1:{port}").generate(PROMPT)
        assert time.monotonic() - began_s < PROMPT.deadline_s + TOLERANCE_S
        for one in waiting:
            one.close()


def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(LLAMA.reply(" Yes.")) as got:
        monkeypatch.setattr("kitbash.models.addresses.socket.getaddrinfo", leading_to("127.0.0.2", "127.0.0.1"))
        url = got.url.replace("127.0.0.1", "model.example")
        assert LlamaCpp(url).generate(PATIENT).text == "Yes."
        assert got.call.headers["host"] == url.removeprefix("http://")


def test_a_server_with_a_certificate_nobody_trusts_is_not_asked(tmp_path: Path) -> None:
    with serving(LLAMA.reply(" Yes.")) as got:
        got.socket = _with_tls(got.socket, tmp_path)
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            LlamaCpp(got.url.replace("http:", "https:")).generate(PATIENT)
        assert not got.calls
        until(lambda: bool(got.errors))
        (refusal,) = got.errors
        assert isinstance(refusal, ssl.SSLError)
        got.errors.clear()


def test_a_server_with_a_trusted_certificate_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(LLAMA.reply(" Yes.")) as got:
        got.socket = _with_tls(got.socket, tmp_path)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        monkeypatch.setattr(httpcore, "default_ssl_context", lambda: trusting)
        assert LlamaCpp(got.url.replace("http:", "https:")).generate(PATIENT).text == "Yes."


def _with_tls(plain: socket.socket, folder: Path) -> ssl.SSLSocket:
    """Return the listening socket with a certificate of its own for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a model")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
