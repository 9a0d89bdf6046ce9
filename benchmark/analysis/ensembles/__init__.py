"""Ensembles of stored predictions: chosen by what was said of validation tracks, measured on evaluation sets."""
