"""What a training window holds: silence, a sentence, several, or sentences that its edges cut."""

from __future__ import annotations

from dataclasses import dataclass, field

from clips import ClipStore
from spoken import Random

WINDOW_FRAMES = 800
FRAMES_A_SECOND = 100


@dataclass
class Placement:
    frames: int
    clips: list[tuple[int, int]] = field(default_factory=list)
    """clip, frame of its start: negative where the window's start cuts it"""
    is_cut: bool = False


@dataclass(frozen=True)
class PlacementShares:
    silence: float = 0.045
    several: float = 0.14
    cut: float = 0.05


class Placer:
    """Takes each of `clips` once, in a random order, before any comes again."""

    def __init__(self, random: Random, store: ClipStore, clips: list[int], shares: PlacementShares) -> None:
        self._random, self._store, self._clips, self._shares = random, store, clips, shares
        self._order: list[int] = []

    def next(self) -> Placement:
        kind, shares = self._random.random(), self._shares
        if kind < shares.silence:
            return Placement(self._frames(0.6, 3.0))
        if kind < shares.silence + shares.cut:
            return self._cut()
        return self._whole(2 if kind < shares.silence + shares.cut + shares.several else 1)

    def _whole(self, most: int) -> Placement:
        """Clips with pauses between, as far as they fit; pauses around them are mostly short."""
        placement, at = Placement(0), self._pause(1.6)
        for index in range(most):
            clip = self._clip()
            frames = self._store.clips[clip].frames
            if at + frames > WINDOW_FRAMES:
                if index > 0:
                    break
                at = WINDOW_FRAMES - frames
            placement.clips.append((clip, at))
            placement.frames = at + frames
            at += frames + self._frames(0.1, 1.0)
        placement.frames = min(WINDOW_FRAMES, placement.frames + self._pause(1.5))
        return placement

    def _cut(self) -> Placement:
        """A full window of speech: its end cuts a sentence, and so does, at times, its start."""
        placement = Placement(WINDOW_FRAMES, is_cut=True)
        first = self._clip()
        frames = self._store.clips[first].frames
        cut_start = self._random.random() < 0.3
        at = -int(self._random.uniform(0.1, 0.8) * frames) if cut_start else self._frames(0.0, 0.6)
        placement.clips.append((first, at))
        at += frames + self._frames(0.1, 1.0)
        while at < WINDOW_FRAMES - 20:
            clip = self._clip()
            placement.clips.append((clip, at))
            at += self._store.clips[clip].frames + self._frames(0.1, 1.0)
        return placement

    def _clip(self) -> int:
        if not self._order:
            self._order = self._random.permutation(len(self._clips)).tolist()
        return self._clips[self._order.pop()]

    def _pause(self, longest_seconds: float) -> int:
        return self._frames(0, 0.3) if self._random.random() < 0.6 else self._frames(0, longest_seconds)

    def _frames(self, low_seconds: float, high_seconds: float) -> int:
        return int(self._random.uniform(low_seconds, high_seconds) * FRAMES_A_SECOND)
