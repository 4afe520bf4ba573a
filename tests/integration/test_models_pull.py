"""Encoders fetched from a hub: whole, checked and in one step, or not at all."""

from hashlib import sha256
from pathlib import Path

import pytest

from kitbash.errors import DownloadError, EncoderError, UsageError
from kitbash.models.download import Allowed
from kitbash.models.encoder import folder as layout
from kitbash.models.encoder.format import Format
from kitbash.models.encoder.hub import ENDPOINT, Source, pull, source
from kitbash.models.encoder.opened import load
from tests.encoders import WORDS, onnx_folder, safetensors_folder
from tests.integration.hub_server import Answering, Reply, holding, hub

HERE = Allowed(frozenset({"http"}), private=True)
OUTSIDE_ONLY = Allowed(frozenset({"http"}))


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return safetensors_folder(tmp_path / "tiny")


def at(url: str) -> Source:
    return source(f"{url}/someone/tiny")


def refused(answer: Answering, where: Path, allowed: Allowed = HERE, digest: str | None = None) -> str:
    """Return the error of a pull that leaves nothing behind."""
    before = sorted(where.rglob("*")) if where.exists() else []
    with hub(answer) as server, pytest.raises((DownloadError, EncoderError)) as error:
        pull(at(server.url), where, allowed=allowed, digest=digest)
    assert sorted(where.rglob("*")) == before
    return str(error.value)


def test_an_encoder_is_fetched_whole_and_can_be_used(tiny: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    def progress(file: str, done: int, expected: int) -> None:
        seen.append((file, done, expected))

    with hub(holding(tiny)) as server:
        found, files = pull(at(server.url), tmp_path / "models", allowed=HERE, progress=progress)
        assert server.asked[0] == "/someone/tiny/resolve/main/config.json"
    assert found == tmp_path / "models" / "someone--tiny"
    assert load(found).digest == load(tiny).digest
    weights = (tiny / "model.safetensors").read_bytes()
    assert {it.path.name: it.digest for it in files}["model.safetensors"] == sha256(weights).hexdigest()
    assert all(it.path.read_bytes() == (tiny / it.path.name).read_bytes() for it in files)
    assert seen[-1] == ("model.safetensors", len(weights), len(weights))


def test_another_format_and_another_revision_are_asked_for_by_their_paths(tmp_path: Path) -> None:
    import numpy as np

    made = onnx_folder(tmp_path / "graph", np.eye(len(WORDS), dtype=np.float32))
    with hub(holding(made, "/someone/tiny/resolve/v1.0/")) as server:
        found, _ = pull(source(f"{server.url}/someone/tiny", "v1.0"), tmp_path / "m", model=Format.ONNX, allowed=HERE)
    assert load(found).dimension == len(WORDS)


def test_a_second_pull_replaces_the_first_and_a_failed_one_leaves_it(tiny: Path, tmp_path: Path) -> None:
    where = tmp_path / "models"
    with hub(holding(tiny)) as server:
        found, _ = pull(at(server.url), where, allowed=HERE)
    first = load(found).digest
    assert "404" not in refused(lambda _: Reply(500), where)
    assert load(found).digest == first
    (tiny / "config.json").write_text((tiny / "config.json").read_text() + "\n")
    with hub(holding(tiny)) as server:
        pull(at(server.url), where, allowed=HERE)
    assert load(found).digest != first
    assert [it.name for it in where.iterdir()] == ["someone--tiny"]


def test_the_digest_that_was_asked_for_must_hold(tiny: Path, tmp_path: Path) -> None:
    right = sha256((tiny / "model.safetensors").read_bytes()).hexdigest()
    with hub(holding(tiny)) as server:
        pull(at(server.url), tmp_path / "models", allowed=HERE, digest=right.upper())
    assert "is not the one that was asked for" in refused(holding(tiny), tmp_path / "other", digest="0" * 64)


def test_the_digest_that_the_server_announces_must_hold_and_others_are_no_digests(tiny: Path, tmp_path: Path) -> None:
    def announcing(etag: str) -> Answering:
        def answer(path: str) -> Reply:
            reply = holding(tiny)(path)
            reply.headers = {"X-Linked-Etag": etag} if path.endswith(".safetensors") else {}
            return reply

        return answer

    assert "not what the server announced" in refused(announcing(f'"{"0" * 64}"'), tmp_path / "m")
    with hub(announcing('"a git hash"')) as server:
        pull(at(server.url), tmp_path / "m", allowed=HERE)


def test_a_body_that_breaks_off_is_no_file(tiny: Path, tmp_path: Path) -> None:
    def answer(path: str) -> Reply:
        reply = holding(tiny)(path)
        reply.length = len(reply.body) + 5
        return reply

    assert "could not be fetched" in refused(answer, tmp_path / "m")


def test_what_is_larger_than_its_bound_is_not_taken(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MAX_MODEL_BYTES", 1000)
    assert "more than 1,000 bytes" in refused(holding(tiny), tmp_path / "m")


def test_what_is_sent_compressed_is_not_taken(tmp_path: Path) -> None:
    packed = Reply(headers={"Content-Encoding": "gzip"}, body=b"x")
    assert "sent compressed" in refused(lambda _: packed, tmp_path / "m")


@pytest.mark.parametrize(
    ("place", "allowed", "says"),
    [
        ("file:///etc/passwd", HERE, "only http is"),
        ("ftp://127.0.0.1/it", HERE, "only http is"),
        ("http://127.0.0.1:9/it", OUTSIDE_ONLY, "127.0.0.1, which is no public address"),
        ("http://[::1]:9/it", OUTSIDE_ONLY, "::1, which is no public address"),
        ("http://[::ffff:10.1.2.3]:9/it", OUTSIDE_ONLY, "which is no public address"),
        ("http://169.254.169.254/latest", OUTSIDE_ONLY, "which is no public address"),
        ("http://10.1.2.3/it", OUTSIDE_ONLY, "which is no public address"),
        ("http://[64:ff9b::a9fe:a9fe]/it", OUTSIDE_ONLY, "which is no public address"),
        ("http://[2002:a9fe:a9fe::1]/it", OUTSIDE_ONLY, "which is no public address"),
    ],
)
def test_a_redirect_out_of_the_web_or_into_this_network_is_not_followed(
    place: str, allowed: Allowed, says: str, tmp_path: Path
) -> None:
    assert says in refused(lambda _: Reply(302, headers={"Location": place}), tmp_path / "m", allowed)


def test_redirects_are_followed_and_not_for_ever(tiny: Path, tmp_path: Path) -> None:
    def answer(path: str) -> Reply:
        if path.startswith("/someone/tiny"):
            return Reply(302, headers={"Location": f"/elsewhere{path}"})
        return holding(tiny)(path.removeprefix("/elsewhere"))

    with hub(answer) as server:
        pull(at(server.url), tmp_path / "m", allowed=HERE)
    assert "more than 5 redirects" in refused(lambda path: Reply(302, headers={"Location": path}), tmp_path / "n")


def test_only_https_is_fetched_unless_a_caller_says_otherwise(tiny: Path, tmp_path: Path) -> None:
    assert "only https is" in refused(holding(tiny), tmp_path / "m", Allowed())


def test_what_is_no_encoder_is_not_put_in_place(tiny: Path, tmp_path: Path) -> None:
    (tiny / "config.json").write_text("[]")
    assert "config.json cannot be used" in refused(holding(tiny), tmp_path / "m")


def test_a_name_that_the_hub_does_not_have_is_said_so(tmp_path: Path) -> None:
    assert "is not there; check the name" in refused(lambda _: Reply(404), tmp_path / "m")


def test_a_name_or_an_address_names_a_model() -> None:
    assert source("someone/tiny-v2.1") == Source(ENDPOINT, "someone", "tiny-v2.1")
    assert source("https://hub.example:8443/someone/tiny/").address("a") == (
        "https://hub.example:8443/someone/tiny/resolve/main/a"
    )


@pytest.mark.parametrize(
    "what",
    ["tiny", "a/b/c", "../x", "a/..", "https://h/a", "https://h/a/b?c", "https://h/a/b/tree/main", "a/b\n", ""],
)
def test_what_names_no_model_is_refused(what: str) -> None:
    with pytest.raises(UsageError, match="names no model"):
        source(what)


def test_a_revision_that_is_a_path_is_refused() -> None:
    with pytest.raises(UsageError):
        source("a/b", "../main")
