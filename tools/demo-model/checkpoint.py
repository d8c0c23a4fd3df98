"""Everything that a stopped run needs to go on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import WhisperForConditionalGeneration

from optimiser import Optimiser


def save_checkpoint(
    path: Path,
    network: WhisperForConditionalGeneration,
    phonemes: nn.Module,
    optimiser: Optimiser,
    place: dict[str, Any],
) -> None:
    state = {"network": network.state_dict(), "phonemes": phonemes.state_dict(), "optimiser": optimiser.state()}
    temporary = path.with_suffix(".part")
    torch.save({**state, "place": place}, temporary)
    os.replace(temporary, path)


def load_checkpoint(
    path: Path, network: WhisperForConditionalGeneration, phonemes: nn.Module, optimiser: Optimiser
) -> dict[str, Any]:
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    phonemes.load_state_dict(state["phonemes"])
    optimiser.load(state["optimiser"])
    return state["place"]
