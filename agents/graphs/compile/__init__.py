"""The command that compiles a search of one's own."""
