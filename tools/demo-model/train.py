"""Trains the network and keeps a checkpoint, so that a stopped run goes on as if it had not been stopped."""

from __future__ import annotations

import csv
import os
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import WhisperForConditionalGeneration

from batches import Batch, Batches, Mixture
from clips import ClipStore
from losses import losses_of
from network import WIDTH, initialise, make_network
from optimiser import Optimiser
from recognise import recognise, word_errors
from test_sets import Recording, make_test_sets
from tokens import Tokens

COLUMNS = "minutes step windows rate_share text_loss guide_loss phoneme_loss token_accuracy wer_sentences wer_voices".split()
AUXILIARY_WEIGHT = 0.5


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
            cut_previous=0.4,
            wrong_tokens=0.12,
            unusual_times=4,
            windows_before=True,
        )

    def _left(self, step: int) -> float:
        return 1 - step / self.steps


def train(folder: Path, schedule: Schedule, seed: int, report_steps: int, stop_at: int | None = None) -> None:
    """Reads `clips` and `tokenizer.json` in the folder; writes `checkpoint.pt` and `curve.csv`."""
    torch.manual_seed(seed)
    tokens = Tokens(folder / "tokenizer.json")
    store = ClipStore(folder / "clips")
    network = make_network(tokens)
    initialise(network, tokens)
    phonemes = nn.Linear(WIDTH, len(store.symbols))
    optimiser = Optimiser(network, phonemes)
    place = {"step": 0, "pool": 0, "batch": 0, "windows": 0, "minutes": 0.0}
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        place = _load(checkpoint, network, phonemes, optimiser)
    print(f"{sum(p.numel() for p in network.parameters())} parameters, from step {place['step']}", flush=True)
    tests = make_test_sets(share=0.2, only=["sentences", "voices"])
    batches = _ahead(Batches(store, tokens, seed), schedule, place)
    sums, since, before = torch.zeros(4), time.monotonic(), 0
    while place["step"] < (stop_at or schedule.steps):
        step = place["step"]
        batch, (place["pool"], place["batch"]) = next(batches)
        losses = losses_of(network, phonemes, tokens, batch)
        auxiliary = AUXILIARY_WEIGHT * schedule.auxiliary_share(step)
        (losses.text + auxiliary * (losses.guide + losses.phonemes)).backward()
        optimiser.step(step, schedule.rate_share(step))
        sums += torch.tensor([losses.text.item(), losses.guide.item(), losses.phonemes.item(), losses.accuracy])
        place["step"], place["windows"], before = step + 1, place["windows"] + len(batch.inputs), before + 1
        if place["step"] % report_steps == 0 or place["step"] == schedule.steps:
            place["minutes"] += (time.monotonic() - since) / 60
            rates = _error_rates(network, optimiser, tokens, tests)
            _report(folder, place, schedule.rate_share(step), (sums / before).tolist(), rates)
            _save(checkpoint, network, phonemes, optimiser, place)
            sums, since, before = torch.zeros(4), time.monotonic(), 0


def averaged(network: WhisperForConditionalGeneration, average: dict[str, torch.Tensor]) -> None:
    """Puts the moving average in the weights' place."""
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if name in average:
                weights.copy_(average[name])


def _ahead(batches: Batches, schedule: Schedule, place: dict[str, Any]) -> Iterator[tuple[Batch, tuple[int, int]]]:
    """Batches, made in a second thread, with the place of the one to follow."""
    ready: queue.Queue[tuple[Batch, tuple[int, int]]] = queue.Queue(4)

    def fill() -> None:
        pool, skipped, step = place["pool"], place["batch"], place["step"]
        while True:
            # A pool's mixture is that of its first batch's step, so that a resumed run makes the same pool.
            mixture = schedule.mixture(step - skipped)
            for index, batch in enumerate(batches.pool(pool, mixture)):
                if index >= skipped:
                    ready.put((batch, (pool, index + 1)))
                    step += 1
            pool, skipped = pool + 1, 0

    threading.Thread(target=fill, daemon=True).start()
    while True:
        yield ready.get()


def _error_rates(
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


def _report(folder: Path, place: dict[str, Any], share: float, means: list[float], rates: list[float]) -> None:
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


def _save(
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


def _load(
    path: Path, network: WhisperForConditionalGeneration, phonemes: nn.Module, optimiser: Optimiser
) -> dict[str, Any]:
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    phonemes.load_state_dict(state["phonemes"])
    optimiser.load(state["optimiser"])
    return state["place"]
