"""Rooms and noise."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

from log_mel import RATE_HZ
from spoken import Random


def reverberant(random: Random, samples: np.ndarray, decay_seconds: float | None = None) -> np.ndarray:
    """The samples in a room whose sound falls by 60 dB in 0.1 to 0.5 s; 0.1 s longer, f32."""
    decay = decay_seconds or random.uniform(0.1, 0.5)
    count = int(decay * RATE_HZ)
    tail = random.standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
    tail[: int(random.uniform(0.002, 0.01) * RATE_HZ)] = 0
    tail *= random.uniform(0.2, 0.7) / np.sqrt((tail**2).sum() + 1e-9)
    tail[0] = 1
    return fftconvolve(samples, tail)[: len(samples) + RATE_HZ // 10].astype(np.float32)


def coloured_noise(random: Random, count: int, slope: float) -> np.ndarray:
    """Standard deviation 1; the amplitude goes with frequency to the power `slope`: 0 white, -0.5 pink, -1 brown."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    noise = np.fft.irfft(spectrum * (np.arange(len(spectrum)) + 1.0) ** slope, count)
    return noise / noise.std()


def hum(random: Random, count: int, hz: float) -> np.ndarray:
    """Eight harmonics that waver a little."""
    seconds = np.arange(count) / RATE_HZ
    tone = sum(np.sin(2 * np.pi * hz * k * seconds * (1 + 0.002 * np.sin(seconds))) / k for k in range(1, 9))
    return tone + 0.02 * random.standard_normal(count)


def gusts(random: Random, count: int) -> np.ndarray:
    steps = np.exp(random.standard_normal(8 * count // RATE_HZ + 1))
    return random.standard_normal(count) * np.repeat(steps, RATE_HZ // 8)[:count]


def knocks(random: Random, count: int, a_second: float = 3) -> np.ndarray:
    """Short bursts that fade."""
    sound = 0.003 * random.standard_normal(count)
    for _ in range(max(1, int(a_second * count / RATE_HZ))):
        start, length = int(random.integers(0, max(1, count - 1600))), int(random.integers(30, 1600))
        burst = random.standard_normal(length) * np.exp(-np.arange(length) / (length / 4))
        sound[start : start + length] += burst[: count - start]
    return sound


def noises(random: Random, count: int) -> list[np.ndarray]:
    """One of each kind."""
    coloured = [coloured_noise(random, count, slope) for slope in (0, -0.5, -1, 0.5)]
    return [*coloured, *(hum(random, count, hz) for hz in (50, 120, 440)), gusts(random, count), knocks(random, count)]


def with_noise(random: Random, samples: np.ndarray, snr_db: float) -> np.ndarray:
    """White, pink or brown noise at the given distance to the speech's own power."""
    noise = coloured_noise(random, len(samples), float(random.choice([0, -0.5, -1])))
    loud = samples[np.abs(samples) > 0.01 * np.abs(samples).max()]
    return samples + noise * np.sqrt((loud**2).mean()) * 10 ** (-snr_db / 20)
