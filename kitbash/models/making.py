"""A generator from its settings. Addresses and files come from here only, never from a request."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from kitbash.errors import ConfigError
from kitbash.models import cores
from kitbash.models.ctransformers import Ctransformers
from kitbash.models.in_process import InProcess
from kitbash.models.koboldcpp import KoboldCpp
from kitbash.models.llama_cpp import LlamaCppPython
from kitbash.models.llamacpp import LlamaCpp
from kitbash.models.openai import OpenAi
from kitbash.models.served import Served
from kitbash.settings.language_model import EngineName, Model

_IN_PROCESS: Final[Mapping[EngineName, type[InProcess]]] = {
    "ctransformers": Ctransformers,
    "llama-cpp-python": LlamaCppPython,
}
_SERVED: Final[Mapping[EngineName, Callable[..., Served]]] = {"llamacpp": LlamaCpp, "koboldcpp": KoboldCpp}
Made: TypeAlias = InProcess | Served
"""What can be made: generators that can be asked whether they are ready, too."""


def make(settings: Model, *, server: EngineName, setting: str) -> Made:
    """Return the generator that is set; nothing is loaded or sent yet.

    `server` is what a server is when no engine is named, `setting` how the names of its settings begin. Raises
    ConfigError, which names the setting, where an address or a key cannot be used, or nothing is set.
    """
    if settings.path is not None:
        engine = _IN_PROCESS[settings.engine or "ctransformers"]
        threads = cores.SHARED.threads(settings.threads)
        return engine(settings.path.expanduser(), threads=threads, context_tokens=settings.context_tokens)
    if settings.address is None:
        message = f"no model is set; name a server in {setting}__URL or a file in {setting}__PATH"
        raise ConfigError(message)
    engine_name = settings.engine or server
    if engine_name == "openai":
        return OpenAi(
            settings.address,
            model=settings.model,
            api_key=settings.api_key,
            slots=settings.slots,
            context_tokens=settings.context_tokens,
            setting=setting,
        )
    return _SERVED[engine_name](
        settings.address,
        api_key=settings.api_key,
        slots=settings.slots,
        context_tokens=settings.context_tokens,
        setting=setting,
    )
