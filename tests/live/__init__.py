"""Tests of the sources that are asked over the web, against servers on this machine."""
