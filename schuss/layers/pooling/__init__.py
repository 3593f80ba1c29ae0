"""Layers that reduce images and sequences to fewer numbers."""
