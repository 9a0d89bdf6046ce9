"""Studies: the search for a row's best values, on validation data alone, by Optuna."""
