"""The recordings that ship with the model, of sentences that the training left out."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acoustics import coloured_noise, with_noise
from clips import spoken_clip
from espeak import Espeak, Voice
from log_mel import RATE_HZ


@dataclass(frozen=True)
class Sample:
    name: str
    voice: Voice
    sentences: list[str]
    snr_db: float | None = None
    note: str = ""


SAMPLES = [
    Sample("television", Voice("en-us+m3", 150), ["please switch on the bedroom television"]),
    Sample(
        "meeting",
        Voice("en-us+f3", 155),
        ["the meeting is on the twenty third of february at half past ten"],
        note="held-out voice",
    ),
    Sample(
        "birthday",
        Voice("gmw/en+edward", 160),
        ["charlie was born on october twelfth nineteen eighty four"],
        note="held-out voice",
    ),
    Sample(
        "two-sentences",
        Voice("en-gb-x-rp+f2", 160),
        ["the train to paris leaves at quarter past eight", "see you in three days"],
        note="two sentences with a pause",
    ),
    Sample(
        "phone-number",
        Voice("en-us+linda", 140),
        ["my phone number is four zero seven three nine six zero"],
        note="held-out voice",
    ),
    Sample(
        "noisy-reminder",
        Voice("gmw/en+m1", 160),
        ["remind me to buy chocolate this evening"],
        snr_db=15,
        note="noise 15 dB below the speech",
    ),
    Sample(
        "long",
        Voice("en-us+m7", 150),
        [
            "the weather is cloudy in rome",
            "set a timer for thirty three minutes",
            "hannah has thirty eight books",
            "turn right at the museum",
            "add tomatoes and bananas to the shopping list",
            "see you in twelve days",
            "the blue bird is under the bridge",
        ],
        note="held-out voice, longer than a window",
    ),
]
PAUSE_SECONDS = 0.6


def write_samples(target: Path) -> None:
    """16-bit WAV at 16 kHz, and samples.json: file, seconds, sentence, voice, note, and when each word is spoken."""
    target.mkdir(parents=True, exist_ok=True)
    espeak, random = Espeak(), np.random.default_rng(20)
    entries = []
    for sample in SAMPLES:
        samples, words = _spoken(espeak, sample)
        if sample.snr_db is not None:
            samples = with_noise(random, samples, sample.snr_db)
        fields = {"sentence": " ".join(sample.sentences), "voice": sample.voice.name, "note": sample.note}
        entries.append(_write(target, sample.name, samples) | fields | {"words": words})
    for name, samples, note in (
        ("noise", coloured_noise(random, 2 * RATE_HZ, -0.5) * 0.03, "pink noise, nobody speaks"),
        ("silence", np.zeros(RATE_HZ), "digital silence"),
    ):
        entries.append(_write(target, name, samples) | {"sentence": "", "voice": "none", "note": note, "words": []})
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (target / "samples.json").write_text(f"[\n{lines}\n]\n")


def _spoken(espeak: Espeak, sample: Sample) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """The sentences with pauses around them, and start and end of each word in seconds."""
    pause = np.zeros(int(PAUSE_SECONDS * RATE_HZ), np.float32)
    parts, words = [pause[: RATE_HZ // 4]], []
    for sentence in sample.sentences:
        samples, clip = spoken_clip(espeak, sentence, sample.voice)
        offset = sum(map(len, parts)) / RATE_HZ
        words += [(round(offset + start, 2), round(offset + end, 2)) for start, end in clip.words]
        parts += [samples, pause]
    return np.concatenate(parts), words


def _write(target: Path, name: str, samples: np.ndarray) -> dict[str, object]:
    if (peak := np.abs(samples).max()) > 0.05:
        samples = samples * (0.6 / peak)
    with wave.open(str(target / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return {"file": f"{name}.wav", "seconds": round(len(samples) / RATE_HZ, 2)}
