"""Faces of the engine: terminal, page."""
