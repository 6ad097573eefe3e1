"""The platform that runs our container."""
