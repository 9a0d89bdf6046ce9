"""Using a trained model: genres of any audio file, by exactly the path that the model was evaluated on."""
