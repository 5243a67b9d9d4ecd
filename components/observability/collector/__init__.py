"""Collectors of spans, and what makes services send them."""
