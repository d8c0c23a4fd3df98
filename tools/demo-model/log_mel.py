"""Whisper's features: 80 log-mel bins, windows of 25 ms every 10 ms (OpenAI, whisper/audio.py, log_mel_spectrogram)."""

from __future__ import annotations

import numpy as np

RATE_HZ, FFT_SAMPLES, HOP_SAMPLES, BINS = 16_000, 400, 160, 80
QUIETEST = -10.0
"""log10 of the least power that is told apart"""


def mel_filters() -> np.ndarray:
    """Slaney's filters, f32[bins, fft / 2 + 1]: linear to 1 kHz, logarithmic above, each of area 1."""

    def to_mel(hz: np.ndarray) -> np.ndarray:
        return np.where(hz >= 1000, 15 + np.log(np.maximum(hz, 1e-9) / 1000) * 27 / np.log(6.4), hz * 3 / 200)

    def to_hz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel >= 15, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)), mel * 200 / 3)

    frequencies = np.linspace(0, RATE_HZ / 2, FFT_SAMPLES // 2 + 1)
    edges = to_hz(np.linspace(to_mel(np.array(0.0)), to_mel(np.array(RATE_HZ / 2)), BINS + 2))
    widths = np.diff(edges)
    ramps = edges[:, None] - frequencies[None]
    triangles = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


_FILTERS = mel_filters()
_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SAMPLES) / FFT_SAMPLES)).astype(np.float32)


def log_power(samples: np.ndarray, edge: str = "constant") -> np.ndarray:
    """log10 of the mel power, f32[samples // 160, bins]. `edge`: what stands before and behind: zeros, or `reflect`."""
    padded = np.pad(samples.astype(np.float32), FFT_SAMPLES // 2, mode=edge)
    frames = (len(padded) - FFT_SAMPLES) // HOP_SAMPLES
    stride = padded.strides[0]
    cut = np.lib.stride_tricks.as_strided(padded, (frames, FFT_SAMPLES), (stride * HOP_SAMPLES, stride))
    power = np.abs(np.fft.rfft(cut * _WINDOW, axis=1)).astype(np.float32) ** 2
    return np.log10(np.maximum(power @ _FILTERS.T, 10**QUIETEST))


def scaled(log_powers: np.ndarray, louder: np.ndarray | float = 0.0) -> np.ndarray:
    """Whisper's scaling of windows [..., frames, bins]: at most 80 dB below the maximum, then (x + 4) / 4.

    `louder`: by how much, in log10, the maximum of the recording is above the window's.
    """
    loudest = log_powers.max(axis=(-2, -1), keepdims=True) + louder
    return (np.maximum(log_powers, loudest - 8) + 4) / 4


def window_features(samples: np.ndarray, window_samples: int) -> np.ndarray:
    """What the encoder reads of one window: samples cut or padded with zeros; f32[frames, bins]."""
    cut = samples[:window_samples]
    return scaled(log_power(np.pad(cut, (0, window_samples - len(cut))), edge="reflect")).astype(np.float32)
