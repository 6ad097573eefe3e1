"""The platform on one machine, for development."""
