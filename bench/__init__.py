"""Measurements, side by side with the alternative; run by `make bench`."""
