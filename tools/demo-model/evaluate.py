"""Measures an exported model on all test sets: python evaluate.py MODEL_FOLDER"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration

from long_form import long_error_rate
from recognise import WINDOW_SAMPLES, Recognised, attention_peaks, recognise, word_errors
from test_sets import Recording, make_test_sets
from tokens import Tokens

BATCH, LONG_RECORDINGS = 25, 40


def evaluate(model: Path, share: float = 1.0) -> dict[str, Any]:
    """Word error rates of each set, with and without timestamps; what is heard where nobody speaks; errors of the times."""
    network, tokens = load(model)
    results: dict[str, Any] = {"wer": {}, "wer_timestamps": {}, "recordings": {}}
    for name, recordings in make_test_sets(share).items():
        plain, timed = (_all(network, tokens, recordings, timestamps) for timestamps in (False, True))
        results["recordings"][name] = len(recordings)
        if name == "no-speech":
            for form, got in (("plain", plain), ("timestamps", timed)):
                # OpenAI's rule leaves a window out; the others count if they have words.
                empty = [one.is_silent or one.text == "" for one in got]
                results[f"no_speech_empty_{form}"] = float(np.mean(empty))
            results["no_speech_recognised"] = float(np.mean([one.no_speech > 0.5 for one in plain]))
            continue
        results["wer"][name] = error_rate(recordings, plain)
        results["wer_timestamps"][name] = error_rate(recordings, timed)
        if name == "voices":
            results |= _time_errors(recordings, timed, tokens)
            results["attention_on_word"] = _attention_on_word(network, tokens, recordings)
            results["speech_taken_for_silence"] = float(np.mean([one.no_speech > 0.5 for one in plain]))
    long = int(LONG_RECORDINGS * share)
    results["long"] = {told: long_error_rate(network, tokens, long, told == "told") for told in ("told", "untold")}
    results["recordings"]["long"] = long
    return results


def load(model: Path) -> tuple[WhisperForConditionalGeneration, Tokens]:
    """What others read: the folder, through transformers, in float32."""
    network = WhisperForConditionalGeneration.from_pretrained(model, dtype=torch.float32).eval()
    return network, Tokens(model / "tokenizer.json")


def error_rate(recordings: list[Recording], got: list[Recognised]) -> float:
    counts = [word_errors(r.text, one.text) for r, one in zip(recordings, got, strict=True)]
    return sum(wrong for wrong, _ in counts) / sum(words for _, words in counts)


def _all(
    network: WhisperForConditionalGeneration, tokens: Tokens, recordings: list[Recording], timestamps: bool
) -> list[Recognised]:
    got: list[Recognised] = []
    for at in range(0, len(recordings), BATCH):
        got += recognise(network, tokens, [r.samples for r in recordings[at : at + BATCH]], timestamps)
    return got


def _time_errors(recordings: list[Recording], got: list[Recognised], tokens: Tokens) -> dict[str, Any]:
    """Of the first and last timestamp against the words' own times, in seconds."""
    starts, ends = [], []
    for recording, one in zip(recordings, got, strict=True):
        times = [(i - tokens.first_timestamp) * 0.02 for i in one.ids if i >= tokens.first_timestamp]
        if len(times) >= 2:
            starts.append(abs(times[0] - recording.words[0][0]))
            ends.append(abs(times[-1] - min(recording.words[-1][1], WINDOW_SAMPLES / 16_000)))
    return {
        "windows_with_both_timestamps": len(starts) / len(recordings),
        "start_error_median": float(np.median(starts)),
        "start_error_95_percent": float(np.quantile(starts, 0.95)),
        "end_error_median": float(np.median(ends)),
        "end_error_95_percent": float(np.quantile(ends, 0.95)),
    }


def _attention_on_word(network: WhisperForConditionalGeneration, tokens: Tokens, recordings: list[Recording]) -> float:
    """Share of the words on which the alignment head's peak falls, 0.1 s around it included."""
    hits = []
    for recording in recordings:
        words = recording.text.split()
        counts = [len(tokens.of_word(word)) for word in words]
        peaks = attention_peaks(network, tokens, recording.samples, words)
        firsts = np.cumsum([0, *counts[:-1]])
        for first, (start, end) in zip(firsts, recording.words, strict=True):
            hits.append(start - 0.1 <= peaks[first] <= end + 0.1)
    return float(np.mean(hits))


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(evaluate(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.0), indent=2))
