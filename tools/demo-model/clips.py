"""Synthesised sentences, as features with the time of each word and phoneme."""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

import grammar
from acoustics import reverberant
from espeak import Espeak, Speech, Voice
from log_mel import RATE_HZ, log_power
from voices import training_voice

LONGEST_SECONDS, SHORTEST_SECONDS = 7.4, 0.2
SHARDS = 8


@dataclass(frozen=True)
class Clip:
    text: str
    voice: str
    frames: int
    words: list[tuple[float, float]]
    """seconds of start and end of each word; words that espeak-ng speaks as one share theirs"""
    phonemes: list[tuple[float, str]]
    """seconds of the start; `_` is a pause"""


def spoken_clip(espeak: Espeak, text: str, voice: Voice) -> tuple[np.ndarray, Clip]:
    """f32 samples at 16 kHz, and the clip (its frames are those of the samples)."""
    speech = espeak.say(text, voice)
    # 22,050 Hz to 16,000 Hz
    samples = resample_poly(speech.samples.astype(np.float32) / 32768, 320, 441).astype(np.float32)
    seconds = len(samples) / RATE_HZ
    phonemes = [(time, "_" if symbol.startswith("_") else symbol.strip()) for time, symbol in speech.phonemes]
    return samples, Clip(text, voice.name, len(samples) // 160, word_spans(text, speech, seconds), phonemes)


def word_spans(text: str, speech: Speech, seconds: float) -> list[tuple[float, float]]:
    words = text.split()
    end = seconds
    for time, symbol in reversed(speech.phonemes):
        if not symbol.startswith("_"):
            break
        end = time
    starts: list[float | None] = []
    position = 1
    for word in words:
        starts.append(speech.words.get(position))
        position += len(word) + 1
    starts[0] = starts[0] or 0.0
    spans: list[tuple[float, float]] = []
    for index, start in enumerate(starts):
        later = next((other for other in starts[index + 1 :] if other is not None), end)
        spans.append(spans[-1] if start is None else (round(start, 3), round(later, 3)))
    return spans


def make_clips(folder: Path, count: int, seed: int, workers: int) -> None:
    """Writes `count` clips in SHARDS files, the same whatever the number of workers. Shards that are there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [shard for shard in range(SHARDS) if not (folder / f"{shard}.json").exists()]
    with fresh_processes(workers) as pool:
        jobs = [pool.submit(_make_shard, folder, shard, count // SHARDS, seed) for shard in missing]
        for job in jobs:
            print(job.result(), flush=True)


def fresh_processes(workers: int) -> ProcessPoolExecutor:
    """A process for each job: what espeak-ng says depends a little on all that it has said before."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), max_tasks_per_child=1)


def _make_shard(folder: Path, shard: int, count: int, seed: int) -> str:
    espeak, random = Espeak(), np.random.default_rng([seed, shard])
    features: list[np.ndarray] = []
    clips: list[Clip] = []
    while len(clips) < count:
        text = grammar.sentence(random)
        if grammar.is_held_out(text):
            continue
        samples, clip = spoken_clip(espeak, text, training_voice(random))
        if not SHORTEST_SECONDS < len(samples) / RATE_HZ < LONGEST_SECONDS:
            continue
        if random.random() < 0.2:
            samples = reverberant(random, samples)
        features.append(log_power(samples).astype(np.float16))
        clips.append(Clip(clip.text, clip.voice, len(features[-1]), clip.words, clip.phonemes))
    np.save(folder / f"{shard}.npy", np.concatenate(features))
    temporary = folder / f"{shard}.json.part"
    temporary.write_text(json.dumps([asdict(clip) for clip in clips]))
    os.replace(temporary, folder / f"{shard}.json")
    return f"clips {shard}: {count}, {sum(clip.frames for clip in clips) / 360_000:.2f} h"


class ClipStore:
    """All clips in memory. Phonemes are labels of the encoder's positions of 20 ms."""

    def __init__(self, folder: Path) -> None:
        self.clips: list[Clip] = []
        features: list[np.ndarray] = []
        for shard in range(SHARDS):
            self.clips += [Clip(**fields) for fields in json.loads((folder / f"{shard}.json").read_text())]
            features.append(np.load(folder / f"{shard}.npy"))
        self._features = np.concatenate(features)
        del features
        self._offsets = np.concatenate([[0], np.cumsum([clip.frames for clip in self.clips])])
        self.symbols = ["_", *sorted({symbol for clip in self.clips for _, symbol in clip.phonemes} - {"_"})]
        self._label_of = {symbol: label for label, symbol in enumerate(self.symbols)}

    def unusual(self) -> list[int]:
        """Clips of which most pairs of neighbouring words are in fewer than ten clips: mostly those without sense."""
        pairs_of = [list(itertools.pairwise(clip.text.split())) for clip in self.clips]
        count = Counter(pair for pairs in pairs_of for pair in pairs)
        return [
            index
            for index, pairs in enumerate(pairs_of)
            if pairs and sum(count[pair] < 10 for pair in pairs) > len(pairs) / 2
        ]

    def features(self, index: int) -> np.ndarray:
        """log10 mel power, f32[frames, bins]"""
        return self._features[self._offsets[index] : self._offsets[index + 1]].astype(np.float32)

    def labels(self, index: int) -> np.ndarray:
        clip = self.clips[index]
        labels = np.zeros((clip.frames + 1) // 2, np.int64)
        for time, symbol in clip.phonemes:
            labels[int(time * 50) :] = self._label_of[symbol]
        return labels
