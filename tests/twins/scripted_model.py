"""A model whose reply a test decides: everything a `Generator` is but `generate`."""

from kitbash.models.generator import Generated, Pieces, Prompt, Reply, estimate_tokens


class ScriptedModel:
    """A model that streams in one piece what its `generate` returns."""

    slots: int = 1
    context_tokens: int = 2048

    def generate(self, prompt: Prompt) -> Generated:
        """Return what the test wants said."""
        raise NotImplementedError

    def stream(self, prompt: Prompt) -> Reply:
        """Return the reply of `generate` as one piece."""
        return Reply(self._pieces(prompt))

    def count_tokens(self, text: str) -> int:
        """Return the estimate."""
        return estimate_tokens(text)

    def close(self) -> None:
        """Hold nothing."""

    def _pieces(self, prompt: Prompt) -> Pieces:
        whole = self.generate(prompt)
        yield whole.text
        return whole
