"""The suite language: from a YAML file to checked cells with an identity."""
