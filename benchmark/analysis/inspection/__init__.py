"""Where rows fail: which tracks, whether an augmentation changes that, and whether it is the label that is wrong."""
