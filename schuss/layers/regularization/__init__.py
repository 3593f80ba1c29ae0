"""Layers that disturb learning so that it generalizes: dropout, noise, penalties. Most do nothing outside of
training."""
