"""`train_step` of one's own with `tf.GradientTape`, as in Keras's guide "Customizing what happens in fit()"."""

import numpy as np
import pytest

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)).astype("float32")
Y = (X @ RNG.normal(size=(6, 2))).astype("float32")


@pytest.fixture(params=["cpu", "reference"])
def backend(request, monkeypatch):
    monkeypatch.setenv("SCHUSS_BACKEND", request.param)


def guide(tf):
    class Guide(tf.keras.Model):
        def train_step(self, data):
            if len(data) == 3:
                x, y, sample_weight = data
            else:
                sample_weight, (x, y) = None, data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss, sample_weight=tf.shape(y)[0])
                else:
                    metric.update_state(y, y_pred, sample_weight=sample_weight)
            return {m.name: m.result() for m in self.metrics}

    return Guide


def built(tf, cls):
    tf.keras.utils.set_random_seed(1)
    inputs = tf.keras.Input((6,))
    hidden = tf.keras.layers.Dense(5, activation="tanh", kernel_regularizer="l2")(inputs)
    hidden = tf.keras.layers.Dropout(0.3)(tf.keras.layers.BatchNormalization()(hidden))
    made = cls(inputs, tf.keras.layers.Dense(2)(hidden))
    made.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return made


@pytest.mark.parametrize("weights", [None, RNG.uniform(size=40).astype("float32")])
def test_same_numbers_as_the_built_in_step(tf, backend, weights):
    fits = []
    for cls in (tf.keras.Model, guide(tf)):
        model = built(tf, cls)
        history = model.fit(X, Y, sample_weight=weights, epochs=2, batch_size=16, verbose=0).history
        fits.append((history, model.get_weights()))
    (expected, their_weights), (found, weights) = fits
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    for a, b in zip(weights, their_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def gan(tf):
    """The guide's GAN, with one feature: two optimizers, new noise in each step."""
    keras, layers = tf.keras, tf.keras.layers

    class GAN(keras.Model):
        def __init__(self, discriminator, generator, latent_dim):
            super().__init__()
            self.discriminator = discriminator
            self.generator = generator
            self.latent_dim = latent_dim
            self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
            self.g_loss_tracker = keras.metrics.Mean(name="g_loss")
            self.noise = keras.metrics.Mean(name="noise")

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer = d_optimizer
            self.g_optimizer = g_optimizer
            self.loss_fn = loss_fn

        @property
        def metrics(self):
            return [self.d_loss_tracker, self.g_loss_tracker]

        def train_step(self, real_images):
            if isinstance(real_images, tuple):
                real_images = real_images[0]
            batch_size = tf.shape(real_images)[0]
            random_latent_vectors = tf.random.normal(shape=(batch_size, self.latent_dim))
            noise = random_latent_vectors[0, 0]
            generated_images = self.generator(random_latent_vectors)
            combined_images = tf.concat([generated_images, real_images], axis=0)
            labels = tf.concat([tf.ones((batch_size, 1)), tf.zeros((batch_size, 1))], axis=0)
            labels += 0.05 * tf.random.uniform(tf.shape(labels))
            with tf.GradientTape() as tape:
                predictions = self.discriminator(combined_images)
                d_loss = self.loss_fn(labels, predictions)
            grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
            self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights))
            random_latent_vectors = tf.random.normal(shape=(batch_size, self.latent_dim))
            misleading_labels = tf.zeros((batch_size, 1))
            with tf.GradientTape() as tape:
                predictions = self.discriminator(self.generator(random_latent_vectors))
                g_loss = self.loss_fn(misleading_labels, predictions)
            grads = tape.gradient(g_loss, self.generator.trainable_weights)
            self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))
            self.d_loss_tracker.update_state(d_loss)
            self.g_loss_tracker.update_state(g_loss)
            return {
                "d_loss": self.d_loss_tracker.result(),
                "g_loss": self.g_loss_tracker.result(),
                "noise": noise,
            }

    discriminator = keras.Sequential(
        [keras.Input((2,)), layers.Dense(8), layers.LeakyReLU(negative_slope=0.2), layers.Dense(1)]
    )
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(8, "relu"), layers.Dense(2)])
    made = GAN(discriminator, generator, 3)
    made.compile(
        d_optimizer=keras.optimizers.Adam(learning_rate=0.003),
        g_optimizer=keras.optimizers.Adam(learning_rate=0.003),
        loss_fn=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return made


def test_two_optimizers_and_new_noise_in_each_step(tf, backend):
    made = gan(tf)
    before = [w.copy() for w in made.get_weights()]
    noise = []
    observer = tf.keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: noise.append(logs["noise"])
    )
    history = made.fit(X[:, :2], epochs=2, batch_size=10, verbose=0, callbacks=[observer]).history
    assert list(history) == ["d_loss", "g_loss", "noise"]
    assert len(set(noise)) == 8
    assert all((a != b).any() for a, b in zip(made.get_weights(), before, strict=True))
    assert int(made.d_optimizer.iterations) == int(made.g_optimizer.iterations) == 8


def test_variational_autoencoder(tf, backend):
    keras, layers = tf.keras, tf.keras.layers

    class Sampling(layers.Layer):
        def call(self, inputs):
            z_mean, z_log_var = inputs
            batch, dim = tf.shape(z_mean)[0], tf.shape(z_mean)[1]
            epsilon = tf.random.normal(shape=(batch, dim))
            return z_mean + tf.exp(0.5 * z_log_var) * epsilon

    inputs = keras.Input((6,))
    hidden = layers.Dense(8, activation="relu")(inputs)
    z_mean, z_log_var = layers.Dense(2, name="z_mean")(hidden), layers.Dense(2, name="z_log_var")(hidden)
    encoder = keras.Model(inputs, [z_mean, z_log_var, Sampling()([z_mean, z_log_var])], name="encoder")
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(6)], name="decoder")

    class VAE(keras.Model):
        def __init__(self, encoder, decoder, **kwargs):
            super().__init__(**kwargs)
            self.encoder, self.decoder = encoder, decoder
            self.total = keras.metrics.Mean(name="total_loss")
            self.kl = keras.metrics.Mean(name="kl_loss")

        @property
        def metrics(self):
            return [self.total, self.kl]

        @tf.function
        def train_step(self, data):
            with tf.GradientTape() as tape:
                z_mean, z_log_var, z = self.encoder(data)
                reconstruction = self.decoder(z)
                reconstruction_loss = tf.reduce_mean(tf.reduce_sum(tf.square(data - reconstruction), axis=1))
                kl_loss = -0.5 * (1 + z_log_var - tf.square(z_mean) - tf.exp(z_log_var))
                kl_loss = tf.reduce_mean(tf.reduce_sum(kl_loss, axis=1))
                total_loss = reconstruction_loss + kl_loss
            grads = tape.gradient(total_loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
            self.total.update_state(total_loss)
            self.kl.update_state(kl_loss)
            return {"loss": self.total.result(), "kl_loss": self.kl.result()}

    vae = VAE(encoder, decoder)
    vae.compile(optimizer=keras.optimizers.Adam(0.02))
    history = vae.fit(X, epochs=15, batch_size=8, verbose=0).history
    assert list(history) == ["kl_loss", "loss"]
    assert history["loss"][-1] < 0.8 * history["loss"][0]


def test_minimax_of_the_input(tf):
    """Gradients by the inputs, within a step: adversarial training."""
    keras = tf.keras

    class Adversarial(keras.Sequential):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = self.compute_loss(x, y, self(x, training=True))
            x = x + 0.1 * tf.sign(tape.gradient(loss, x))
            with tf.GradientTape() as tape:
                adversarial = self.compute_loss(x, y, self(x, training=True))
            gradients = tape.gradient(adversarial, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"clean": loss, "adversarial": adversarial}

    made = Adversarial([keras.Input((6,)), keras.layers.Dense(2)])
    made.compile("sgd", "mse")
    history = made.fit(X, Y, verbose=0).history
    assert history["adversarial"][0] > history["clean"][0]
