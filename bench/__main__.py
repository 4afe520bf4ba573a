"""Run all measurements, or the named ones."""

import sys

from bench import archive, bus, measures, surroundings, triage_network


def main() -> None:
    """Print one JSON object a line."""
    wanted = set(sys.argv[1:])
    everything = (*measures.ALL, *bus.ALL, archive.queries, triage_network.triage_network)
    known = {measure.__name__ for measure in everything}
    if wanted - known:
        sys.exit(f"no measurement {', '.join(sorted(wanted - known))}; there are {', '.join(sorted(known))}")
    with surroundings.client() as client:
        for measure in everything:
            if not wanted or measure.__name__ in wanted:
                measure(client)


main()
