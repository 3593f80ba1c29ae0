"""Layers that make data ready for learning; some adapt to it first."""
