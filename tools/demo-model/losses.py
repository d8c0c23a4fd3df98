"""What is minimised: the text, and two helps that espeak-ng's events make possible."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from transformers import WhisperForConditionalGeneration

from batches import IGNORED, Batch
from network import cross_keys_values, decode, encode, logits
from tokens import Tokens

SMOOTHING = 0.05
ALIGNMENT_HEAD = (1, 0)
"""layer and head of the cross-attention that follows the word to come: alignment_heads of generation_config.json"""


@dataclass(frozen=True)
class Losses:
    text: torch.Tensor
    """cross entropy of the tokens, nats"""
    guide: torch.Tensor
    """-log of the cross-attention that falls on the word"""
    phonemes: torch.Tensor
    """cross entropy of the phoneme at each position of the encoder, nats"""
    accuracy: float
    """of the tokens of text"""


def losses_of(network: WhisperForConditionalGeneration, phonemes: nn.Linear, tokens: Tokens, batch: Batch) -> Losses:
    encoded = encode(network, batch.features)
    hidden, attentions, _ = decode(network, batch.inputs, cross_keys_values(network, encoded))
    learned = batch.targets != IGNORED
    targets = batch.targets[learned]
    scores = logits(network, hidden[learned])
    layer, head = ALIGNMENT_HEAD
    guide = _off_target(attentions[layer][:, head], batch.target_spans)
    # The first layer's first head follows the word just read: it tells the second where to go on.
    guide = guide + 0.5 * _off_target(attentions[0][:, 0], batch.input_spans)
    is_text = targets < tokens.end
    return Losses(
        text=_text_loss(scores.log_softmax(-1), targets, tokens),
        guide=guide,
        phonemes=F.cross_entropy(phonemes(encoded).transpose(1, 2), batch.phonemes),
        accuracy=float((scores.argmax(-1) == targets)[is_text].float().mean()) if bool(is_text.any()) else 1.0,
    )


def _text_loss(log_probabilities: torch.Tensor, targets: torch.Tensor, tokens: Tokens) -> torch.Tensor:
    """Label smoothing over the text; timestamps are smoothed over their neighbours, 0.03 s wide."""
    is_time = targets >= tokens.first_timestamp
    exact = -log_probabilities.gather(1, targets[:, None])[:, 0]
    spread = -log_probabilities[:, : tokens.end].mean(-1)
    loss = torch.where(is_time, exact, (1 - SMOOTHING) * exact + SMOOTHING * spread)
    if is_time.any():
        steps = torch.arange(-4, 5)
        weights = torch.exp(-0.5 * (steps / 1.5) ** 2)
        near = (targets[is_time][:, None] + steps).clamp(tokens.first_timestamp, tokens.count - 1)
        smooth = -(log_probabilities[is_time].gather(1, near) * (weights / weights.sum())).sum(-1)
        loss = loss.masked_scatter(is_time, smooth)
    return loss.mean()


def _off_target(attention: torch.Tensor, spans: torch.Tensor) -> torch.Tensor:
    """attention [windows, tokens, positions], spans [windows, tokens, 2] in seconds, negative where there is none."""
    spoken = spans[..., 1] > 0
    if not spoken.any():
        return attention.sum() * 0
    seconds = (torch.arange(attention.shape[-1]) + 0.5) / 50
    start, end = spans[spoken].unsqueeze(-1).unbind(1)
    inside = ((seconds >= start - 0.03) & (seconds <= end + 0.03)).float()
    return -torch.log((attention[spoken] * inside).sum(-1).clamp_min(1e-4)).mean()
