"""Which tracks are the same recording: fingerprints, search, confirmation, and what is kept of them."""
