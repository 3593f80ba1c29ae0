"""Layers of several inputs: sums, products, concatenations."""
