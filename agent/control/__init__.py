"""The localhost API for the game."""
