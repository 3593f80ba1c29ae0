"""Recurrent layers: a cell, called for one time step after the other, whose state goes from step to step."""
