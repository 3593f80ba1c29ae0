"""Activation functions with arguments, or with weights, as layers."""
