"""What a run files, and how it is read again."""
