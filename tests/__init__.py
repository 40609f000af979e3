"""Tests: real code end to end; doubles only for the encoder and the writer, in conftest.py."""
