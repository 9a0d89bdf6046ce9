"""Answers to further questions, drawn: how much data, which dose, what depends on what, here and there."""
