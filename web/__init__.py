"""The site: live play, rounds, duels, replays and the JSON interface."""
