"""Batches of windows of similar length, so that little is computed on padding.

The n-th pool of them depends on seed, n and mixture only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from augment import Augmenter
from clips import ClipStore
from log_mel import BINS, QUIETEST, scaled
from placement import FRAMES_A_SECOND, WINDOW_FRAMES, Placement, Placer, PlacementShares
from spoken import Random
from tokens import Tokens
from transcript import Transcript, make_transcript, previous_text

IGNORED = -100
POSITIONS = 3200
"""of the encoder in a batch, 20 ms each"""
WINDOW_POSITIONS = WINDOW_FRAMES // 2
POOL_WINDOWS = 600
TIMESTAMP_SHARE, PREVIOUS_SHARE = 0.35, 0.08


@dataclass(frozen=True)
class Mixture:
    """Shares of the windows."""

    full: float
    """with the full, padded window of the trained model; the others end with their speech"""
    cut: float
    """full of sentences that their edges cut: what long recordings are made of"""
    cut_timestamps: float = TIMESTAMP_SHARE
    previous: float = PREVIOUS_SHARE
    """that come with previous text, unless their edges cut"""
    cut_previous: float = PREVIOUS_SHARE
    wrong_tokens: float = 0.06
    """of the tokens of text before: the model must listen rather than guess"""
    unusual_times: int = 1
    """How often sentences of unusual pairs of words come, to the same end."""
    windows_before: bool = False
    """Previous text is of up to eight sentences, with the times of several windows; otherwise of up to three of one."""


@dataclass(frozen=True)
class Batch:
    features: torch.Tensor
    """f32[windows, 80, 2 x positions]"""
    phonemes: torch.Tensor
    """label of each position"""
    inputs: torch.Tensor
    """token ids [windows, tokens]"""
    targets: torch.Tensor
    """the tokens that follow; IGNORED where none is learned"""
    target_spans: torch.Tensor
    """f32[windows, tokens, 2] seconds at which the target is spoken; negative where it is not"""
    input_spans: torch.Tensor


class Batches:
    def __init__(self, store: ClipStore, tokens: Tokens, seed: int) -> None:
        self._store, self._tokens, self._seed = store, tokens, seed
        self._all, self._unusual = list(range(len(store.clips))), store.unusual()

    def pool(self, number: int, mixture: Mixture) -> Iterator[Batch]:
        random = np.random.default_rng([self._seed, number])
        clips = self._all + self._unusual * (mixture.unusual_times - 1)
        placer = Placer(random, self._store, clips, PlacementShares(cut=mixture.cut))
        augmenter = Augmenter(random)
        for group in self._grouped(random, [placer.next() for _ in range(POOL_WINDOWS)], mixture.full):
            yield self._batch(random, augmenter, mixture, *group)

    def _grouped(
        self, random: Random, placements: list[Placement], full_share: float
    ) -> list[tuple[list[Placement], int]]:
        """Groups with the positions of their windows, shuffled."""
        full = [placement for placement in placements if random.random() < full_share]
        chosen = {id(placement) for placement in full}
        short = sorted((p for p in placements if id(p) not in chosen), key=lambda placement: placement.frames)
        each = POSITIONS // WINDOW_POSITIONS
        groups = [(full[at : at + each], WINDOW_POSITIONS) for at in range(0, len(full), each)]
        group: list[Placement] = []
        for placement in short:
            if group and (len(group) + 1) * _positions(placement) > POSITIONS:
                groups.append((group, _positions(group[-1])))
                group = []
            group.append(placement)
        groups.append((group, _positions(group[-1])))
        return [groups[index] for index in random.permutation(len(groups))]

    def _batch(
        self, random: Random, augmenter: Augmenter, mixture: Mixture, placements: list[Placement], positions: int
    ) -> Batch:
        windows = np.full((len(placements), 2 * positions, BINS), QUIETEST, np.float32)
        phonemes = np.zeros((len(placements), positions), np.int64)
        transcripts: list[Transcript] = []
        for window, labels, placement in zip(windows, phonemes, placements, strict=True):
            for clip, at in placement.clips:
                _lay(window, augmenter.clip(self._store.features(clip)), at)
                _lay(labels, self._store.labels(clip), at // 2)
            augmenter.window(window, placement.frames, bool(placement.clips))
            transcripts.append(self._transcript(random, mixture, placement))
        windows = scaled(windows, augmenter.louder_elsewhere(len(windows)))
        for window, placement in zip(windows, placements, strict=True):
            augmenter.masked(window)
            augmenter.padding(window, placement.frames)
        features = torch.from_numpy(np.ascontiguousarray(windows.transpose(0, 2, 1)))
        return Batch(features, torch.from_numpy(phonemes), *self._arrays(random, mixture, transcripts, placements))

    def _transcript(self, random: Random, mixture: Mixture, placement: Placement) -> Transcript:
        clips = self._store.clips
        placed = [(clips[clip], at / FRAMES_A_SECOND) for clip, at in placement.clips]
        previous = []
        if random.random() < (mixture.cut_previous if placement.is_cut else mixture.previous):
            sentences = random.integers(1, 9 if mixture.windows_before else 4)
            previous = [clips[random.integers(len(clips))] for _ in range(sentences)]
        timestamps = random.random() < (mixture.cut_timestamps if placement.is_cut else TIMESTAMP_SHARE)
        before = previous_text(random, self._tokens, previous, mixture.windows_before)
        return make_transcript(random, self._tokens, placed, before, timestamps)

    def _arrays(
        self, random: Random, mixture: Mixture, transcripts: list[Transcript], placements: list[Placement]
    ) -> tuple[torch.Tensor, ...]:
        tokens = self._tokens
        longest = max(len(transcript.ids) for transcript in transcripts) - 1
        shape = (len(transcripts), longest)
        inputs, targets = np.full(shape, tokens.end, np.int64), np.full(shape, IGNORED, np.int64)
        target_spans, input_spans = (np.full((*shape, 2), -1, np.float32) for _ in range(2))
        for row, (transcript, placement) in enumerate(zip(transcripts, placements, strict=True)):
            ids, count, start = transcript.ids, len(transcript.ids) - 1, transcript.start
            inputs[row, :count], targets[row, :count] = ids[:-1], ids[1:]
            # Previous text is read, not learned; task and form are given by who asks.
            targets[row, :start] = IGNORED
            targets[row, start] = tokens.english if placement.clips else tokens.no_speech
            targets[row, start + 1] = IGNORED
            if not transcript.timestamps:
                targets[row, start + 2] = IGNORED
            for index in range(count):
                if transcript.spans[index] is not None:
                    input_spans[row, index] = transcript.spans[index]
                if transcript.spans[index + 1] is not None:
                    target_spans[row, index] = transcript.spans[index + 1]
                if index > start + 3 and ids[index] < tokens.end and random.random() < mixture.wrong_tokens:
                    inputs[row, index] = random.integers(0, tokens.end)
        return tuple(torch.from_numpy(array) for array in (inputs, targets, target_spans, input_spans))


def _positions(placement: Placement) -> int:
    """A multiple of 8."""
    return min(WINDOW_POSITIONS, -(-placement.frames // 16) * 8)


def _lay(target: np.ndarray, source: np.ndarray, at: int) -> None:
    """Copies what of `source`, laid at `at`, falls into `target`."""
    source = source[max(0, -at) :]
    at = max(0, at)
    length = min(len(source), len(target) - at)
    if length > 0:
        target[at : at + length] = source[:length]
