"""A Redis-protocol server without installing one."""
