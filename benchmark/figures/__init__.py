"""Figures and tables of a paper about a suite that need no training: its data, features, augmentations, networks."""
