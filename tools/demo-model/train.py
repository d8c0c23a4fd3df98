"""Trains the network and keeps a checkpoint, so that a stopped run goes on as if it had not been stopped."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from batches import Batch, Batches
from checkpoint import load_checkpoint, save_checkpoint
from clips import ClipStore
from curve import error_rates, report
from losses import losses_of
from network import WIDTH, initialise, make_network
from optimiser import Optimiser
from schedule import Schedule
from test_sets import make_test_sets
from tokens import Tokens

AUXILIARY_WEIGHT = 0.5


def train(folder: Path, schedule: Schedule, seed: int, report_steps: int) -> None:
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
        place = load_checkpoint(checkpoint, network, phonemes, optimiser)
    print(f"{sum(p.numel() for p in network.parameters())} parameters, from step {place['step']}", flush=True)
    tests = make_test_sets(share=0.2, only=["sentences", "voices"])
    batches = _ahead(Batches(store, tokens, seed), schedule, place)
    sums, since, before = torch.zeros(4), time.monotonic(), 0
    while place["step"] < schedule.steps:
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
            rates = error_rates(network, optimiser, tokens, tests)
            report(folder, place, schedule.rate_share(step), (sums / before).tolist(), rates)
            save_checkpoint(checkpoint, network, phonemes, optimiser, place)
            sums, since, before = torch.zeros(4), time.monotonic(), 0


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
