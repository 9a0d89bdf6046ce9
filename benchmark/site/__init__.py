"""A living leaderboard: static pages made of bundles of several labs and dates."""
