"""Changes of the features that keep the words: voices, rooms, microphones, noise.

All but the last two are of log10 mel power, f32[frames, 80].
"""

from __future__ import annotations

import numpy as np

from acoustics import noises
from log_mel import BINS, QUIETEST, RATE_HZ, log_power
from spoken import Random


def warp_matrices() -> list[np.ndarray]:
    """Stretch the bins by 0.9 to 1.1: a shorter or longer vocal tract."""
    matrices = []
    for factor in np.linspace(0.9, 1.1, 21):
        source = np.clip(np.arange(BINS) * factor, 0, BINS - 1)
        low = np.floor(source).astype(int)
        high = np.minimum(low + 1, BINS - 1)
        matrix = np.zeros((BINS, BINS), np.float32)
        matrix[np.arange(BINS), low] += 1 - (source - low)
        matrix[np.arange(BINS), high] += source - low
        matrices.append(matrix.T)
    return matrices


def noise_powers(random: Random, seconds: int = 20) -> list[np.ndarray]:
    """Mel power of each kind of noise, of mean 1."""
    powers = []
    for noise in noises(random, seconds * RATE_HZ):
        power = 10.0 ** log_power(noise / noise.std() * 0.1)
        powers.append((power / power.mean()).astype(np.float32))
    return powers


class Augmenter:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._warps = warp_matrices()
        self._noises = noise_powers(np.random.default_rng(9))

    def clip(self, features: np.ndarray) -> np.ndarray:
        random = self._random
        if random.random() < 0.5:
            features = features @ self._warps[random.integers(len(self._warps))]
        if random.random() < 0.15:
            features = self._smeared(features)
        return features

    def window(self, features: np.ndarray, sounding_frames: int, has_speech: bool) -> None:
        """In place, before the scaling. `sounding_frames`: behind them the window may be padding."""
        random, frames = self._random, len(features)
        if random.random() < 0.6:  # the microphone
            curve = np.interp(np.arange(BINS), np.linspace(0, BINS - 1, 5), random.normal(0, 0.25, 5))
            features += curve.astype(np.float32)
        features += np.float32(random.uniform(-1.6, 0.4))  # loudness
        if random.random() < 0.6 if has_speech else random.random() < 0.9:
            length = min(sounding_frames, frames) if random.random() < 0.7 else frames
            noise = self._noises[random.integers(len(self._noises))]
            start = random.integers(0, len(noise) - length)
            if has_speech:  # 5 to 45 dB below
                level = np.log10(np.mean(10.0 ** features[:length]) + 1e-10) - random.uniform(0.5, 4.5)
            else:
                level = random.uniform(-9, 0.5)
            noisy = 10.0 ** features[:length] + noise[start : start + length] * 10.0**level
            features[:length] = np.log10(noisy)
        np.maximum(features, QUIETEST, out=features)

    def louder_elsewhere(self, windows: int) -> np.ndarray:
        """For `scaled`: a fifth of the windows are from recordings with louder places, up to 15 dB."""
        louder = self._random.uniform(0, 1.5, windows) * (self._random.random(windows) < 0.2)
        return louder.astype(np.float32)[:, None, None]

    def padding(self, features: np.ndarray, sounding_frames: int) -> None:
        """In place, after the scaling. A third of the paddings are zeros of features, as OpenAI's transcribe() makes them."""
        if self._random.random() < 0.33:
            features[sounding_frames:] = 0

    def masked(self, features: np.ndarray) -> None:
        """SpecAugment, in place, after the scaling: up to 8 bins, up to 0.11 s."""
        random, (frames, bins) = self._random, features.shape
        mean = features.mean()
        if random.random() < 0.4:
            width = int(random.integers(1, 9))
            start = int(random.integers(0, bins - width))
            features[:, start : start + width] = mean
        if random.random() < 0.3:
            width = int(random.integers(1, 12))
            start = int(random.integers(0, frames - width))
            features[start : start + width] = mean

    def _smeared(self, features: np.ndarray) -> np.ndarray:
        """A tail of up to 0.24 s, as rooms have, in power."""
        decay, level = self._random.uniform(2, 10), self._random.uniform(0.03, 0.3)
        kernel = np.concatenate([[1], level * np.exp(-np.arange(1, 25) / decay)]).astype(np.float32)
        power = 10.0**features
        padded = np.pad(power, ((len(kernel) - 1, 0), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=0)
        return np.log10(windows @ kernel[::-1]).astype(np.float32)
