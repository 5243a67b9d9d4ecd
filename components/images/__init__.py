"""Images of the platform's own services: what goes into one, its tag, and its build."""
