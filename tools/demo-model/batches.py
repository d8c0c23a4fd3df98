"""Batches of windows of similar length, so that little is computed on padding. The n-th pool of them depends on seed and n only."""

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
from transcript import Transcript, make_transcript

IGNORED = -100
POSITIONS = 3200
"""of the encoder in a batch, 20 ms each"""
WINDOW_POSITIONS = WINDOW_FRAMES // 2
POOL_WINDOWS = 600
TIMESTAMP_SHARE, PREVIOUS_SHARE, WRONG_TOKEN_SHARE = 0.35, 0.08, 0.06


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

    def pool(self, number: int, full_share: float) -> Iterator[Batch]:
        """`full_share` of the batches have the full, padded window of the trained model, the others end with their speech."""
        random = np.random.default_rng([self._seed, number])
        placer = Placer(random, self._store, PlacementShares())
        augmenter = Augmenter(random)
        for group in self._grouped(random, [placer.next() for _ in range(POOL_WINDOWS)], full_share):
            yield self._batch(random, augmenter, *group)

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

    def _batch(self, random: Random, augmenter: Augmenter, placements: list[Placement], positions: int) -> Batch:
        windows = np.full((len(placements), 2 * positions, BINS), QUIETEST, np.float32)
        phonemes = np.zeros((len(placements), positions), np.int64)
        transcripts: list[Transcript] = []
        for window, labels, placement in zip(windows, phonemes, placements, strict=True):
            for clip, at in placement.clips:
                _lay(window, augmenter.clip(self._store.features(clip)), at)
                _lay(labels, self._store.labels(clip), at // 2)
            augmenter.window(window, placement.frames, bool(placement.clips))
            transcripts.append(self._transcript(random, placement))
        windows = scaled(windows, augmenter.louder_elsewhere(len(windows)))
        for window, placement in zip(windows, placements, strict=True):
            augmenter.masked(window)
            augmenter.padding(window, placement.frames)
        features = torch.from_numpy(np.ascontiguousarray(windows.transpose(0, 2, 1)))
        return Batch(features, torch.from_numpy(phonemes), *self._arrays(random, transcripts, placements))

    def _transcript(self, random: Random, placement: Placement) -> Transcript:
        clips = self._store.clips
        placed = [(clips[clip], at / FRAMES_A_SECOND) for clip, at in placement.clips]
        previous = []
        if random.random() < PREVIOUS_SHARE:
            previous = [clips[random.integers(len(clips))] for _ in range(random.integers(1, 4))]
        return make_transcript(random, self._tokens, placed, previous, random.random() < TIMESTAMP_SHARE)

    def _arrays(
        self, random: Random, transcripts: list[Transcript], placements: list[Placement]
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
                # Some wrong words before: the model must listen rather than guess.
                if index > start + 3 and ids[index] < tokens.end and random.random() < WRONG_TOKEN_SHARE:
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
