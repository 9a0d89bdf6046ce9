"""Whether components keep the promises of their kinds."""
