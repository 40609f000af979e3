"""Training and calibration of the judges."""
