"""Holds an exported folder against transformers: python check_export.py MODEL_FOLDER

Its own forward pass, features and text must be those of the code that trained the model. Exits with 1 where they are not.
"""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

import numpy as np
import torch
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizerFast

from evaluate import load
from log_mel import window_features
from network import cross_keys_values, decode, encode, logits
from recognise import WINDOW_SAMPLES, recognise


@torch.no_grad()
def check(model: Path) -> list[str]:
    """What is wrong; nothing where the folder is sound."""
    problems: list[str] = []
    network, tokens = load(model)
    extractor = WhisperFeatureExtractor.from_pretrained(model)
    tokenizer = WhisperTokenizerFast.from_pretrained(model)
    for sample in json.loads((model / "samples/samples.json").read_text()):
        name, samples = sample["file"], read_wav(model / "samples" / sample["file"])
        if len(samples) > WINDOW_SAMPLES:
            continue
        features = extractor(samples, sampling_rate=16_000, return_tensors="pt").input_features
        ours = torch.from_numpy(window_features(samples, WINDOW_SAMPLES).T[None])
        # Float32 logarithms of sums in another order: measured below 1e-4 of values of about 1.
        if (difference := float((features - ours).abs().max())) > 1e-3:
            problems.append(f"{name}: features differ by {difference}")
        ids = torch.tensor([[tokens.start, tokens.english, tokens.transcribe, tokens.no_timestamps, 300, 301]])
        theirs = network(input_features=features, decoder_input_ids=ids).logits
        hidden, _, _ = decode(network, ids, cross_keys_values(network, encode(network, features)))
        if (difference := float((theirs - logits(network, hidden)).abs().max())) > 1e-3:
            problems.append(f"{name}: logits differ by {difference}")
        generated = network.generate(features, language="en", task="transcribe")
        text = tokenizer.decode(generated[0], skip_special_tokens=True).strip()
        heard = recognise(network, tokens, [samples])[0].text
        for which, got in (("transformers", text), ("recognise.py", heard)):
            if got != sample["sentence"]:
                problems.append(f"{name}: {which}: expected {sample['sentence']!r}, got {got!r}")
    return problems


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


if __name__ == "__main__":
    found = check(Path(sys.argv[1]))
    print("\n".join(found) or "the export is sound")
    sys.exit(1 if found else 0)
