"""Whether a model server is well: one GET of its health path."""

import httpx


def ailment(address: str, path: str, timeout_s: float) -> str:
    """Return why a server is not well, or nothing if it is: a reply of 200 to 299, no redirect, within the time."""
    try:
        with (
            httpx.Client(base_url=address, timeout=timeout_s, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", path) as reply,
        ):
            # What it says is not read: llama.cpp, bitnet.cpp and KoboldCpp all tell by the status.
            return "" if reply.is_success else f"{path} answers {reply.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{path}: {str(error) or type(error).__name__}"
