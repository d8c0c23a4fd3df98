"""Muon for the matrices, AdamW for all else, and the moving average of the weights that is exported."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

MATRIX_RATE, OTHER_RATE = 0.02, 0.003
WEIGHT_DECAY, MOMENTUM, AVERAGE_DECAY, LARGEST_GRADIENT = 0.01, 0.95, 0.996, 2.0


class Optimiser:
    """Owns the state of all three. Source of Muon: K. Jordan et al., Muon: an optimizer for hidden layers, 2024."""

    def __init__(self, network: nn.Module, extra: nn.Module) -> None:
        self.named = {name: p for name, p in network.named_parameters() if p.requires_grad}
        matrices = {name: p for name, p in self.named.items() if p.dim() == 2 and "embed" not in name}
        others = [p for name, p in self.named.items() if name not in matrices]
        self._all = [*self.named.values(), *extra.parameters()]
        self._by_shape: dict[tuple[int, ...], list[nn.Parameter]] = {}
        for matrix in matrices.values():
            self._by_shape.setdefault(tuple(matrix.shape), []).append(matrix)
        self._momenta = {shape: torch.zeros(len(group), *shape) for shape, group in self._by_shape.items()}
        groups = [
            {"params": [p for p in others if p.dim() > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [*(p for p in others if p.dim() <= 1), *extra.parameters()], "weight_decay": 0.0},
        ]
        self._adam = torch.optim.AdamW(groups, lr=OTHER_RATE, betas=(0.9, 0.98), eps=1e-8)
        self.average = {name: p.detach().clone() for name, p in self.named.items()}

    def step(self, number: int, share: float) -> None:
        """One step at `share` of the learning rates; takes the gradients away. A gradient that is not finite is left out."""
        norm = nn.utils.clip_grad_norm_(self._all, LARGEST_GRADIENT)
        if torch.isfinite(norm):
            for group in self._adam.param_groups:
                group["lr"] = OTHER_RATE * share
            self._adam.step()
            self._muon_step(MATRIX_RATE * share)
        for p in self._all:
            p.grad = None
        decay = min(AVERAGE_DECAY, (number + 1) / (number + 20))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.values()), [p.detach() for p in self.named.values()], 1 - decay)

    @torch.no_grad()
    def _muon_step(self, rate: float) -> None:
        """Matrices of one shape are orthogonalised together."""
        for shape, group in self._by_shape.items():
            gradients = torch.stack([p.grad for p in group])
            momentum = self._momenta[shape].mul_(MOMENTUM).add_(gradients)
            update = orthogonal(gradients + MOMENTUM * momentum)
            scale = max(1, shape[0] / shape[1]) ** 0.5
            for index, p in enumerate(group):
                p.mul_(1 - rate * WEIGHT_DECAY).add_(update[index], alpha=-rate * scale)

    def state(self) -> dict[str, Any]:
        return {"adam": self._adam.state_dict(), "momenta": self._momenta, "average": self.average}

    def load(self, state: dict[str, Any]) -> None:
        self._adam.load_state_dict(state["adam"])
        self._momenta = state["momenta"]
        self.average = state["average"]


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Brings singular values near 1 by five steps of a Newton-Schulz iteration."""
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if is_tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * (square @ square)) @ x
    return x.transpose(1, 2) if is_tall else x
