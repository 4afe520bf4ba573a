"""The decisions of the bus as generators of requests, by subject."""
