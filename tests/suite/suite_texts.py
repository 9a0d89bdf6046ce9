"""A suite without fault, for tests to break."""

GOOD = """\
name: trial
cell:
  dataset: tones
  features: {picture: {size: 32}}
  training: {epochs: 3}
matrix:
  model: [small, {large: {width: 64}}]
  augmentation: [none, {label: both, use: [stretch, mask]}]
  seed: [0, 1]
"""
