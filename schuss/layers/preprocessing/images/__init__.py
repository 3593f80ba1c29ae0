"""Layers for images, [h, w, c] or [n, h, w, c]: brought to a size, and changed at random in training. What a layer draws
is a dict of numbers for each image (`get_random_transformation`), what it does with them an op of `schuss.ops`."""
