"""What can be set of language models and encoders."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from kitbash.settings.model import Subject, http_address

EngineName = Literal["ctransformers", "llama-cpp-python", "llamacpp", "koboldcpp", "openai"]


class Model(Subject):
    """A language model: a GGUF file that runs in the worker, or a server. With neither there is none."""

    engine: EngineName | None = Field(
        default=None, description="what runs it; a file is run by ctransformers, a server is of the usual kind"
    )
    path: Path | None = Field(default=None, description="a GGUF file; wins over a server")
    url: str | None = Field(default=None, description="http://host:port of a server; with openai up to /v1")
    host: str | None = Field(default=None, description="used with port when url is not set")
    port: int = Field(default=8080, ge=1, le=65535)
    api_key: SecretStr | None = None
    model: str = Field(default="", description="the name an openai server knows it by")
    max_tokens: int = Field(default=200, ge=1, le=8192)
    temperature: float = Field(default=0.3, ge=0, le=2)
    slots: int = Field(default=1, ge=1, le=256, description="requests the server takes at once, over all workers")
    context_tokens: int | None = Field(
        default=None, ge=256, le=1_048_576, description="the server's or the file's own when not set"
    )
    threads: int = Field(default=0, ge=0, le=1024, description="of a file; 0 is all cores but one, shared by processes")

    @property
    def address(self) -> str | None:
        """Return the server's URL, or None when no server is configured."""
        return self.url or (http_address(self.host, self.port) if self.host else None)

    @property
    def is_set(self) -> bool:
        """Return whether there is a model."""
        return self.path is not None or self.address is not None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        in_process = self.engine in {"ctransformers", "llama-cpp-python"}
        if in_process and self.path is None:
            message = f"engine {self.engine} runs a file; set path to a GGUF file"
            raise ValueError(message)
        if self.path is not None and self.engine is not None and not in_process:
            message = f"engine {self.engine} is a server's; set url instead of path"
            raise ValueError(message)
        return self


class Bitnet(Model):
    """Layer 3's small model. A server is one of bitnet.cpp or llama.cpp unless `engine` says otherwise."""

    max_tokens: int = Field(default=160, ge=1, le=8192)
    temperature: float = Field(default=0.0, ge=0, le=2)


class Kobold(Model):
    """Layer 4's large model. A server is a KoboldCpp unless `engine` says otherwise."""

    port: int = Field(default=5001, ge=1, le=65535)


class Encoder(Subject):
    """A sentence encoder for what words alone do not find. Without `path` Layer 2 goes by words."""

    path: Path | None = Field(default=None, description="folder with config.json, tokenizer.json and a model")
    weights: Path | None = Field(default=None, description="a file of `kitbash calibrate --train --dense`")
