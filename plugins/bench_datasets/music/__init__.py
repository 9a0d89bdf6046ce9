"""Procedural music: styles, the artists that play in them, and the sounds that they play with."""
