"""The layers most networks are made of: dense, embedding, activation, input."""
