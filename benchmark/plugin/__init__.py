"""Contracts of components, and how plugins are found."""
