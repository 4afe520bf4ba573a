"""What can be set of the model servers that Kitbash starts or watches."""

from pydantic import Field

from kitbash.settings.model import Subject, http_address


class ModelServer(Subject):
    """A model server that `kitbash up` starts and watches, or only watches when it is another machine's."""

    command: tuple[str, ...] = Field(default=(), description="program and arguments; no shell reads them")
    host: str = Field(default="127.0.0.1", pattern=r"^[A-Za-z0-9._:-]{1,253}$")
    port: int = Field(ge=1, le=65535)
    health: str = Field(
        default="/health", pattern=r"^/[!-~]{0,200}$", description="path that answers 2xx when it is well"
    )
    auto_spawn: bool = Field(default=True, description="start it; without a command it is only watched")
    timeout_s: float = Field(default=120.0, gt=0, le=3600, description="from start to health, and from ill to restart")

    @property
    def is_local(self) -> bool:
        """Return whether it is started here."""
        return self.auto_spawn and bool(self.command)

    @property
    def address(self) -> str:
        """Return where it listens."""
        return http_address(self.host, self.port)
