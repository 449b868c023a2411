"""Tests, with the helpers that several of them share."""
