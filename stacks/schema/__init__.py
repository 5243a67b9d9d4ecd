"""The two documents as models, and the platform that they resolve into."""
