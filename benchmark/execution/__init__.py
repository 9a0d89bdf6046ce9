"""Runs of suites: plan, features, cells, progress."""
