"""Submissions, validation, sandbox, duels, rounds, ratings and their storage."""
