"""Looking at the game from outside."""
