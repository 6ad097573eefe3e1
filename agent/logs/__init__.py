"""From the spool and the game's files to the log stores."""
