"""The local platform's web page."""
