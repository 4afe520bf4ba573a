"""The protocols that were recorded: KoboldCpp 1.104, llama-server as bitnet.cpp ships it, OpenAI's chat completions."""

import json
from typing import Any, Final

from tests.integration import kobold_server
from tests.model_servers.dialect import Dialect

_LLAMA_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    b"Access-Control-Allow-Origin: \r\n\r\n"
)
_OPENAI_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    b"Connection: close\r\n\r\n"
)
PROMPT_TOKENS: Final = 10
REPLY_TOKENS: Final = 7


def data(value: object) -> bytes:
    """Return an event without a name."""
    return f"data: {json.dumps(value)}\n\n".encode()


def _llama_end(reason: str) -> bytes:
    return data(
        {
            "content": "",
            "id_slot": 0,
            "stop": True,
            "model": "scripted.gguf",
            "tokens_predicted": REPLY_TOKENS,
            "tokens_evaluated": PROMPT_TOKENS,
            "truncated": False,
            "stopped_eos": reason == "stop",
            "stopped_word": False,
            "stopped_limit": reason == "length",
            "stopping_word": "",
            "timings": {"prompt_ms": 1.5, "predicted_ms": 2.5},
        }
    )


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


def _openai_end(reason: str) -> bytes:
    usage = {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": REPLY_TOKENS,
        "total_tokens": PROMPT_TOKENS + REPLY_TOKENS,
    }
    last: dict[str, Any] = {**_chunk({}), "choices": [], "usage": usage}
    return data(_chunk({}, reason)) + data(last) + b"data: [DONE]\n\n"


KOBOLD: Final = Dialect(
    path=kobold_server.PATH,
    head=kobold_server.STREAM_HEAD,
    said=kobold_server.event,
    ended=lambda reason: kobold_server.event("", reason),
    busy=kobold_server.BUSY,
    prompt_in=lambda body: body["prompt"],
)
LLAMA: Final = Dialect(
    path="/completion",
    head=_LLAMA_HEAD,
    said=lambda token: data({"content": token, "stop": False, "id_slot": 0, "multimodal": False, "index": 0}),
    ended=_llama_end,
    busy='{"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}',
    prompt_in=lambda body: body["prompt"],
)
OPENAI: Final = Dialect(
    path="/v1/chat/completions",
    head=_OPENAI_HEAD,
    said=lambda token: data(_chunk({"content": token})),
    ended=_openai_end,
    busy='{"error": {"message": "overloaded", "type": "server_error", "param": null, "code": null}}',
    prompt_in=lambda body: body["messages"][0]["content"],
)
