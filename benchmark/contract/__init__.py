"""Whether components keep the promises of their kinds: one list of rules, tried by ``bench`` and by pytest."""
