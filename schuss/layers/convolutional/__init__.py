"""Layers of windows that slide over sequences, images and volumes, with kernels that are learned."""
