"""Jaeger: where traces are kept and found."""
