"""Recordings that the training never heard: sentences, voices, an accent, speeds, noise, rooms, no speech."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

import grammar
from acoustics import coloured_noise, hum, knocks, reverberant, with_noise
from clips import spoken_clip
from espeak import Espeak, Voice
from log_mel import RATE_HZ
from spoken import Random
from voices import held_out_accent_voice, held_out_voice, training_voice


@dataclass(frozen=True)
class Recording:
    samples: np.ndarray
    """f32 at 16 kHz, within -1 to 1"""
    text: str
    voice: str
    words: list[tuple[float, float]]
    """seconds of start and end"""


@dataclass(frozen=True)
class SetKind:
    size: int
    what: str
    voice: Callable[[Random], Voice] = training_voice
    sentence: Callable[[Random], str] | None = None
    rates: tuple[int, int] = (125, 215)
    change: Callable[[Random, np.ndarray], np.ndarray] | None = None


KINDS = {
    "sentences": SetKind(300, "held-out sentences, voices of the training"),
    "voices": SetKind(300, "held-out sentences and voices", voice=held_out_voice),
    "patterns": SetKind(200, "held-out sentence patterns", sentence=grammar.held_out_pattern_sentence),
    "accent": SetKind(150, "held-out accent (West Midlands)", voice=held_out_accent_voice),
    "salad": SetKind(150, "words without sense", sentence=grammar.word_salad),
    "slow": SetKind(150, "100 to 114 words a minute (training: 118 to 222)", rates=(100, 115)),
    "fast": SetKind(150, "226 to 245 words a minute", rates=(226, 246)),
    "noise-20dB": SetKind(150, "noise 20 dB below the speech", change=lambda r, x: with_noise(r, x, 20)),
    "noise-10dB": SetKind(150, "noise 10 dB below the speech", change=lambda r, x: with_noise(r, x, 10)),
    "rooms": SetKind(
        150, "reverberation of 0.2 to 0.5 s", change=lambda r, x: reverberant(r, x, float(r.uniform(0.2, 0.5)))
    ),
}
NO_SPEECH = 100


def make_test_sets(share: float = 1.0, only: list[str] | None = None) -> dict[str, list[Recording]]:
    """Each set's recordings, or the first `share` of them: the same in every run."""
    espeak = Espeak()
    sets = {}
    for number, (name, kind) in enumerate(KINDS.items()):
        if only is None or name in only:
            random = np.random.default_rng([4242, number])
            sets[name] = [_recording(espeak, random, kind) for _ in range(int(kind.size * share))]
    if only is None or "no-speech" in only:
        sets["no-speech"] = no_speech(np.random.default_rng(4241), int(NO_SPEECH * share))
    return sets


def _recording(espeak: Espeak, random: Random, kind: SetKind) -> Recording:
    while True:
        text = kind.sentence(random) if kind.sentence else grammar.sentence(random, salad=0)
        if len(text.split()) < 3 or not (kind.sentence or grammar.is_held_out(text)):
            continue
        voice = replace(kind.voice(random), rate=int(random.integers(*kind.rates)))
        samples, clip = spoken_clip(espeak, text, voice)
        if 0.3 < len(samples) / RATE_HZ < 7.5:
            break
    lead = int(random.uniform(0, 0.4) * RATE_HZ)
    samples = np.pad(samples * random.uniform(0.15, 1.0), (lead, 0))
    if kind.change:
        samples = kind.change(random, samples)
    samples = (samples / max(1.0, np.abs(samples).max())).astype(np.float32)
    words = [(start + lead / RATE_HZ, end + lead / RATE_HZ) for start, end in clip.words]
    return Recording(samples, text, voice.name, words)


def no_speech(random: Random, count: int) -> list[Recording]:
    """Digital silence, noises, tones and knocks of 1 to 8 s, from very quiet to loud."""
    recordings = []
    for index in range(count):
        length = int(random.uniform(1, 7.9) * RATE_HZ)
        loudness = 10 ** random.uniform(-4, -0.8)
        kind = index % 6
        if kind == 0:
            samples = np.zeros(length)
        elif kind < 4:
            samples = coloured_noise(random, length, (0, -0.5, -1)[kind - 1]) * loudness
        elif kind == 4:
            samples = hum(random, length, random.uniform(50, 1500)) * loudness
        else:
            samples = knocks(random, length, random.uniform(0.2, 4)) * random.uniform(0.05, 0.8)
        recordings.append(Recording(np.clip(samples, -1, 1).astype(np.float32), "", "none", []))
    return recordings
