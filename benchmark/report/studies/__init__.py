"""What a report says of studies: what was found on validation data, what it is worth, how it came about."""
