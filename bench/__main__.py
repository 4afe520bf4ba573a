"""Run all measurements, or the named ones."""

import sys

from bench import measures, surroundings


def main() -> None:
    """Print one JSON object a line."""
    wanted = set(sys.argv[1:])
    known = {measure.__name__ for measure in measures.ALL}
    if wanted - known:
        sys.exit(f"no measurement {', '.join(sorted(wanted - known))}; there are {', '.join(sorted(known))}")
    with surroundings.client() as client:
        for measure in measures.ALL:
            if not wanted or measure.__name__ in wanted:
                measure(client)


main()
