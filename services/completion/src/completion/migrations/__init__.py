"""Numbered SQL files of the completion service."""
