"""Servers that speak a model server's protocol as it was recorded, or fail as one may."""
