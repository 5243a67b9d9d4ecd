"""What runs, and how each environment differs."""
