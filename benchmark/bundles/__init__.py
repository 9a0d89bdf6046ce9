"""Results that travel: bundles of a suite's results, checked, merged, and run again."""
