"""What a suite says of studies: spaces, samplers, pruners."""
