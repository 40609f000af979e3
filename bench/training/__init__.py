"""Trains the judges on labelled data."""
