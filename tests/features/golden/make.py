"""Makes speech.npz: the front ends of the MLPerf Tiny networks, computed by TensorFlow as mlcommons/tiny trains them.

Needs TensorFlow, which wants an environment of its own (``make train`` has one):
``python tests/features/golden/make.py``. Written from the documented parameters of
``streaming_wakeword/get_dataset.py`` (feature type lfbe) and ``keyword_spotting/get_dataset.py``, with the same
TensorFlow operations.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import tensorflow as tf

RATE_HZ = 16_000


def signals() -> np.ndarray:
    """Two seconds of chirp with noise, of noise that grows louder, and of silence with a click: float32[3, n]."""
    random = np.random.default_rng(7)
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    chirp = 0.6 * np.sin(2 * np.pi * (80 * t + 1500 * t**2)) + 0.02 * random.standard_normal(t.size)
    louder = random.standard_normal(t.size) * 10 ** (-4 + 1.6 * t)
    click = np.where(np.arange(t.size) == 9000, 0.9, 0.0)
    return np.clip(np.stack([chirp, louder, click]), -1, 1).astype(np.float32)


def log_mel(signal: np.ndarray) -> np.ndarray:
    """The streaming wake word's front end: float32[frames, 40]."""
    emphasised = signal - (1 - 2**-5) * np.concatenate([[np.float32(0)], signal[:-1]])
    stft = tf.signal.stft(
        tf.constant(emphasised, tf.float32),
        frame_length=1024,
        frame_step=512,
        window_fn=functools.partial(tf.signal.hamming_window, periodic=False),
    )
    power = tf.maximum(tf.square(tf.abs(stft)) / 1024, 1e-30)
    weights = tf.signal.linear_to_mel_weight_matrix(40, power.shape[-1], RATE_HZ, 0.0, RATE_HZ / 2)
    decibels = 10 * tf.math.log(tf.tensordot(power, weights, 1)) / tf.math.log(10.0)
    return tf.clip_by_value((decibels + 52) / 64, 0, 1).numpy()


def mfcc(signal: np.ndarray) -> np.ndarray:
    """Keyword spotting's front end: float32[frames, 10]."""
    stft = tf.signal.stft(
        tf.constant(signal, tf.float32), frame_length=480, frame_step=320, window_fn=tf.signal.hann_window
    )
    magnitude = tf.abs(stft)
    weights = tf.signal.linear_to_mel_weight_matrix(40, magnitude.shape[-1], RATE_HZ, 20.0, 4000.0)
    logarithms = tf.math.log(tf.tensordot(magnitude, weights, 1) + 1e-6)
    return tf.signal.mfccs_from_log_mel_spectrograms(logarithms)[..., :10].numpy()


def main() -> None:
    """Write the file."""
    given = signals()
    np.savez_compressed(
        Path(__file__).with_name("speech.npz"),
        signals=given,
        log_mel=np.stack([log_mel(signal) for signal in given]),
        mfcc=np.stack([mfcc(signal) for signal in given]),
        tensorflow=np.array(tf.__version__),
    )


if __name__ == "__main__":
    main()
