"""What games made for another platform call instead of our own API."""
