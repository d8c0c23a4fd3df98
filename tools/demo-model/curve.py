"""The curve of the training: means since the last row, and word error rates of the averaged weights."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration

from optimiser import Optimiser
from recognise import recognise, word_errors
from test_sets import Recording
from tokens import Tokens

COLUMNS = (
    "minutes step windows rate_share text_loss guide_loss phoneme_loss token_accuracy wer_sentences wer_voices"
).split()


def error_rates(
    network: WhisperForConditionalGeneration, optimiser: Optimiser, tokens: Tokens, tests: dict[str, list[Recording]]
) -> list[float]:
    """Of the averaged weights, on a fifth of the recordings."""
    current = {name: weights.detach().clone() for name, weights in optimiser.named.items()}
    averaged(network, optimiser.average)
    rates = []
    for recordings in tests.values():
        errors = words = 0
        for at in range(0, len(recordings), 15):
            some = recordings[at : at + 15]
            for recording, got in zip(some, recognise(network, tokens, [r.samples for r in some]), strict=True):
                wrong, expected = word_errors(recording.text, got.text)
                errors, words = errors + wrong, words + expected
        rates.append(errors / words)
    averaged(network, current)
    return rates


def report(folder: Path, place: dict[str, Any], share: float, means: list[float], rates: list[float]) -> None:
    row = [f"{place['minutes']:.1f}", place["step"], place["windows"], f"{share:.3f}"]
    row += [f"{value:.4f}" for value in [*means, *rates]]
    path = folder / "curve.csv"
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerow(row)
    print(", ".join(f"{name} {value}" for name, value in zip(COLUMNS, row, strict=True)), flush=True)


def averaged(network: WhisperForConditionalGeneration, average: dict[str, torch.Tensor]) -> None:
    """Puts the moving average in the weights' place."""
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if name in average:
                weights.copy_(average[name])
