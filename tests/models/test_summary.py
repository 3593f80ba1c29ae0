"""The table of a model's layers."""

import numpy as np

import schuss
from schuss import layers


def summary(model, **kwargs):
    lines = []
    model.summary(print_fn=lines.append, **kwargs)
    return "\n".join(lines)


def test_sequential():
    model = schuss.Sequential(
        [schuss.Input((784,)), layers.Dense(64, name="a"), layers.Dense(10, name="b")], name="net"
    )
    text = summary(model, line_length=80)
    assert 'Model: "net"' in text
    assert "a (Dense)" in text
    assert "(None, 64)" in text
    assert "50,240" in text
    assert "Total params: 50,890 (198.79 KB)" in text
    assert "Non-trainable params: 0 (0.00 B)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_unbuilt_and_subclassed():
    model = schuss.Sequential([layers.Dense(3)])
    assert "unbuilt" in summary(model)

    class Net(schuss.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x):
            return self.dense(x)

    net = Net()
    net(np.ones((2, 4)))
    assert "(None, 3)" in summary(net)


def test_nested_trainable_and_connections():
    inner = schuss.Sequential([schuss.Input((4,)), layers.Dense(2, name="within")], name="inner")
    x = schuss.Input((4,), name="x")
    out = layers.Add(name="sum")([inner(x), layers.Dense(2, name="side", trainable=False)(x)])
    text = summary(schuss.Model(x, out), expand_nested=True, show_trainable=True, line_length=110)
    assert "└ within" in text
    assert "Connected to" in text
    assert "side[0][0]" in text
    assert "│     N     │" in text or " N " in text
    assert "Non-trainable params: 10" in text
    assert "within" not in summary(schuss.Model(x, out))
