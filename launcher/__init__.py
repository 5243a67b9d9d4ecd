"""Runs the platform's Pulumi program where nothing is installed and only package registries answer."""
