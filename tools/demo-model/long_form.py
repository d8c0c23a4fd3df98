"""Recordings longer than a window, from timestamp to timestamp, as OpenAI's transcribe() goes over them."""

from __future__ import annotations

import numpy as np
from transformers import WhisperForConditionalGeneration

import grammar
from batches import WINDOW_POSITIONS
from clips import spoken_clip
from espeak import Espeak
from log_mel import BINS, RATE_HZ, log_power, scaled
from recognise import recognise_features, word_errors
from tokens import Tokens
from voices import held_out_voice

WINDOW_FRAMES = 2 * WINDOW_POSITIONS
SENTENCES = 7


def long_error_rate(
    network: WhisperForConditionalGeneration, tokens: Tokens, count: int, tells_previous: bool
) -> float:
    """Of recordings of seven held-out sentences by one held-out voice each, with pauses of 0.2 to 1 s."""
    espeak, random = Espeak(), np.random.default_rng(4243)
    errors = words = 0
    for _ in range(count):
        voice, parts, sentences = held_out_voice(random), [], []
        while len(sentences) < SENTENCES:
            sentence = grammar.sentence(random, salad=0)
            if not grammar.is_held_out(sentence):
                continue
            sentences.append(sentence)
            parts += [
                spoken_clip(espeak, sentence, voice)[0],
                np.zeros(int(random.uniform(0.2, 1) * RATE_HZ), np.float32),
            ]
        text = transcribe(network, tokens, np.concatenate(parts), tells_previous)
        wrong, expected = word_errors(" ".join(sentences), text)
        errors, words = errors + wrong, words + expected
    return errors / words


def transcribe(
    network: WhisperForConditionalGeneration, tokens: Tokens, samples: np.ndarray, tells_previous: bool
) -> str:
    """Source: OpenAI, whisper/transcribe.py: scaled by the whole recording's maximum, zeros of features behind its end."""
    features = scaled(log_power(samples, edge="reflect")).astype(np.float32)
    texts: list[str] = []
    previous: list[int] = []
    seek = 0
    while seek < len(features):
        here = features[seek : seek + WINDOW_FRAMES]
        window = np.zeros((1, BINS, WINDOW_FRAMES), np.float32)
        window[0, :, : len(here)] = here.T
        got = recognise_features(network, tokens, window, True, previous)[0]
        if got.is_silent:
            seek += len(here)
            continue
        ids = got.ids
        is_time = [i >= tokens.first_timestamp for i in ids]
        last_pair = max((n + 1 for n in range(len(ids) - 1) if is_time[n] and is_time[n + 1]), default=0)
        ends_with_one = len(ids) >= 2 and is_time[-1] and not is_time[-2]
        if last_pair and not ends_with_one:  # a sentence is cut: it is heard again
            kept, advance = ids[:last_pair], 2 * (ids[last_pair - 1] - tokens.first_timestamp)
        else:
            kept, advance = ids, len(here)
        texts.append(tokens.text(kept))
        previous = [*previous, *kept] if tells_previous else []
        seek += advance if advance > 0 else len(here)
    return " ".join(text for text in texts if text)
