"""The mesh: identity, routing and resilience from the catalogue."""
