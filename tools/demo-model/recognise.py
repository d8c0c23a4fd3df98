"""Greedy decoding of windows by OpenAI's rules, and the word error rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration

from batches import WINDOW_POSITIONS
from log_mel import window_features
from losses import ALIGNMENT_HEAD
from network import cross_keys_values, decode, encode, logits
from tokens import Tokens
from transcript import MOST_TOKENS

WINDOW_SAMPLES = WINDOW_POSITIONS * 320
FORBIDDEN = -1e9


@dataclass(frozen=True)
class Recognised:
    ids: list[int]
    text: str
    no_speech: float
    """probability of <|nospeech|> at the start"""
    log_probability: float
    """mean of the chosen tokens, end of text included"""

    @property
    def is_silent(self) -> bool:
        """OpenAI's rule with its thresholds."""
        return self.no_speech > 0.6 and self.log_probability < -1.0


@torch.no_grad()
def recognise(
    network: WhisperForConditionalGeneration, tokens: Tokens, recordings: list[np.ndarray], timestamps: bool = False
) -> list[Recognised]:
    """One window each: f32 samples at 16 kHz, what is longer is cut."""
    features = np.stack([window_features(samples, WINDOW_SAMPLES).T for samples in recordings])
    return recognise_features(network, tokens, features, timestamps)


@torch.no_grad()
def recognise_features(
    network: WhisperForConditionalGeneration,
    tokens: Tokens,
    features: np.ndarray,
    timestamps: bool,
    previous: Sequence[int] = (),
) -> list[Recognised]:
    """f32[windows, 80, frames]; `previous`: tokens of the text before, the same for all windows."""
    windows = len(features)
    cross = cross_keys_values(network, encode(network, torch.from_numpy(features)))
    before = [tokens.previous, *previous[-(MOST_TOKENS // 2 - 1) :]] if previous else []
    start = [*before, tokens.start, tokens.english, tokens.transcribe] + ([] if timestamps else [tokens.no_timestamps])
    hidden, _, past = decode(network, torch.tensor([start] * windows), cross)
    no_speech = logits(network, hidden[:, len(before)]).softmax(-1)[:, tokens.no_speech]
    chosen: list[list[int]] = [[] for _ in range(windows)]
    sums, done = np.zeros(windows), np.zeros(windows, bool)
    for _ in range(MOST_TOKENS - len(start)):
        scores = logits(network, hidden[:, -1])
        for row in np.flatnonzero(~done):
            _forbid(scores[row], chosen[row], tokens, timestamps)
        probabilities = scores.log_softmax(-1)
        best = probabilities.argmax(-1)
        for row in np.flatnonzero(~done):
            sums[row] += float(probabilities[row, best[row]])
            done[row] = best[row] == tokens.end
            if not done[row]:
                chosen[row].append(int(best[row]))
        if done.all():
            break
        hidden, _, past = decode(network, best[:, None], cross, past)
    return [
        Recognised(ids, tokens.text(ids), float(p), total / (len(ids) + 1))
        for ids, p, total in zip(chosen, no_speech, sums, strict=True)
    ]


@torch.no_grad()
def attention_peaks(
    network: WhisperForConditionalGeneration, tokens: Tokens, samples: np.ndarray, words: list[str]
) -> list[float]:
    """The second at which the alignment head looks hardest, for each token of the known words."""
    features = torch.from_numpy(window_features(samples, WINDOW_SAMPLES).T[None])
    text = [token for word in words for token in tokens.of_word(word)]
    start = [tokens.start, tokens.english, tokens.transcribe, tokens.no_timestamps]
    _, attentions, _ = decode(
        network, torch.tensor([start + text]), cross_keys_values(network, encode(network, features))
    )
    layer, head = ALIGNMENT_HEAD
    # The row of a token is the one that predicts it.
    rows = attentions[layer][0, head, len(start) - 1 : -1]
    return ((rows.argmax(-1) + 0.5) / 50).tolist()


def _forbid(scores: torch.Tensor, chosen: list[int], tokens: Tokens, timestamps: bool) -> None:
    """Source: OpenAI, whisper/decoding.py, ApplyTimestampRules."""
    first = tokens.first_timestamp
    scores[tokens.end + 1 : first] = FORBIDDEN
    if not timestamps:
        scores[first:] = FORBIDDEN
        return
    if not chosen:
        scores[:first] = FORBIDDEN
        scores[first + 51 :] = FORBIDDEN  # the first within 1 s
        return
    last_is_time = chosen[-1] >= first
    before_is_time = len(chosen) < 2 or chosen[-2] >= first
    if last_is_time and before_is_time:
        scores[first:] = FORBIDDEN
    elif last_is_time:
        scores[: tokens.end] = FORBIDDEN
    times = [i for i in chosen if i >= first]
    scores[first : times[-1] + (0 if last_is_time and not before_is_time else 1)] = FORBIDDEN
    probabilities = scores.log_softmax(-1)
    if probabilities[first:].logsumexp(-1) > probabilities[:first].max():
        scores[:first] = FORBIDDEN


def word_errors(expected: str, got: str) -> tuple[int, int]:
    """Edit distance in words, and the words expected."""
    reference, words = expected.split(), got.split()
    row = list(range(len(words) + 1))
    for i, a in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(words, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1], len(reference)
