"""From datasets to what a model is given."""
