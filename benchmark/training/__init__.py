"""Cells: training, evaluation, and bases of models."""
