"""Does a split leak? Fingerprints of tracks, a search for near-duplicates, and findings with a verdict."""
