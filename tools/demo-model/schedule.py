"""What changes from step to step: the learning rates, the helps, and what the windows are made of."""

from __future__ import annotations

from dataclasses import dataclass

from batches import Mixture

SEED = 1


@dataclass(frozen=True)
class Schedule:
    steps: int
    warm_up: int = 60
    cool_down: float = 0.6
    """share of the steps, at the end, in which the learning rate falls to zero"""

    def rate_share(self, step: int) -> float:
        return min(1.0, (step + 1) / self.warm_up, self._left(step) / self.cool_down)

    def auxiliary_share(self, step: int) -> float:
        """The helps fade with the learning rate, but not quite."""
        return max(0.2, min(1.0, self._left(step) / self.cool_down))

    def mixture(self, step: int) -> Mixture:
        """Short windows teach most in little time; then come those of long recordings, and the padding of short ones."""
        left = self._left(step)
        if left > self.cool_down:
            return Mixture(full=0.05, cut=0.05)
        return Mixture(
            full=0.12 if left > 0.15 else 0.4,
            cut=0.25,
            cut_timestamps=0.6,
            previous=0.08 if left > 0.3 else 0.3,
            cut_previous=0.4 if left > 0.3 else 0.6,
            wrong_tokens=0.12,
            unusual_times=4,
            windows_before=True,
        )

    def _left(self, step: int) -> float:
        return 1 - step / self.steps
