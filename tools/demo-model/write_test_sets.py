"""Writes recordings of the test sets as WAV files, with their sentences: clips for scripts/compare-executors.mjs.

venv/bin/python write_test_sets.py --out recordings [--each 10]
"""

from __future__ import annotations

import argparse
import json
import wave
from pathlib import Path

import numpy as np

from log_mel import RATE_HZ
from test_sets import KINDS, make_test_sets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=10, help="recordings of each set, those of the smallest at most")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    smallest = min(kind.size for kind in KINDS.values())
    written = []
    for name, recordings in make_test_sets(min(1.0, asked.each / smallest + 1e-9)).items():
        for number, recording in enumerate(recordings[: asked.each]):
            file = f"{name}-{number:03d}.wav"
            with wave.open(str(asked.out / file), "wb") as out:
                out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
                out.writeframes((np.clip(recording.samples, -1, 1) * 32767).round().astype("<i2").tobytes())
            written.append({"file": file, "sentence": recording.text, "voice": recording.voice})
    (asked.out / "samples.json").write_text(json.dumps(written, indent=0) + "\n")
    print(f"{len(written)} recordings in {asked.out}")


if __name__ == "__main__":
    main()
