"""Times this project's `cpu` executor against faster-whisper (CTranslate2) and whisper.cpp: equal weights, threads and tokens.

    pip install -r requirements.txt
    python bench_cpu_speed.py [--sizes tiny,base] [--precisions f32,int8] [--threads 1] [--tokens 64] [--rounds 7] [--clock processor]

Random weights in the sizes of whisper tiny and base; 30 s of features; then greedy decoding of a fixed number of tokens. Rounds
go through all engines in turn. In float32 the tokens of aiekit and faster-whisper must be equal, or nothing is timed.
whisper.cpp has float16 weights in that row, having no float32, and q8_0 in the row of int8; CTranslate2 has int8_float32 there.
`pnpm build` first. The packages of PyPI are built for AVX2 (whisper.cpp) or choose at run time (CTranslate2, onnxruntime).
"""

import argparse
import json
import platform
import statistics
from importlib.metadata import version
from pathlib import Path

import numpy as np
from engines import CLOCKS, Aiekit, FasterWhisper, WhisperCpp
from model_folder import PROMPT, model_folders
from real_sizes import features

ROOT = Path(__file__).parents[2]


def main():
    options = arguments()
    work = Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    say(f"{cpu_name()}, {options.threads} thread(s), {options.clock} time, faster-whisper {version('faster-whisper')} with CTranslate2 "
        f"{version('ctranslate2')}, whisper.cpp of pywhispercpp {version('pywhispercpp')}; median of {options.rounds}")
    rows = []
    for size in options.sizes.split(","):
        for precision in options.precisions.split(","):
            rows.append(measured(size, precision, options, work))
            show(rows[-1])
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="tiny,base")
    parser.add_argument("--precisions", default="f32,int8")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--work", default=str(ROOT / "build/bench-cpu-speed"))
    parser.add_argument("--json")
    return parser.parse_args()


def measured(size, precision, options, work):
    made = model_folders(size, work)
    mel = features("full 0", 3000).numpy()
    ggml = made["ggml f16" if precision == "f32" else "ggml q8_0"]
    engines = [
        Aiekit(made["published"], mel, precision, options),
        FasterWhisper(made["ct2"], mel, precision, options),
        WhisperCpp(ggml, mel, precision, options),
    ]
    times, tokens = {engine.name: [] for engine in engines}, {}
    for round_ in range(options.rounds + 1):
        for engine in engines:
            encode = engine.encode()
            decode, tokens[engine.name] = engine.decode(options.tokens)
            if round_ > 0:  # The first one warms up.
                times[engine.name].append((encode, decode))
        if round_ == 0:
            logits = engines[2].logits(PROMPT, 0)
            check(tokens, logits, np.load(made["logits"]), options, precision)
    for engine in engines:
        engine.close()
    own = tokens["aiekit"]
    return {
        "size": size, "precision": precision, "clock": options.clock, "threads": options.threads, "tokens": options.tokens,
        "equalTokens": {name: sum(a == b for a, b in zip(own, other)) for name, other in tokens.items()},
        "seconds": {name: summary(rounds) for name, rounds in times.items()},
    }


def check(tokens, logits, expected, options, precision):
    """whisper.cpp has no float32: its first logits are held against transformers' instead of its tokens."""
    for name, got in tokens.items():
        if len(got) != options.tokens:
            raise SystemExit(f"{name}: expected {options.tokens} tokens, got {len(got)}")
    if precision == "f32" and tokens["faster-whisper"] != tokens["aiekit"]:
        raise SystemExit(f"other tokens: {tokens['faster-whisper']} of faster-whisper, {tokens['aiekit']} of aiekit")
    pearson = np.corrcoef(logits, expected)[0, 1]
    if pearson < 0.99:
        raise SystemExit(f"whisper.cpp: its logits have a correlation of {pearson:.4f} with those of transformers")


def summary(rounds):
    phases = {"encoder": [e for e, _ in rounds], "decoder": [d for _, d in rounds], "whole": [e + d for e, d in rounds]}
    return {phase: {"median": statistics.median(values), "least": min(values), "most": max(values)}
            for phase, values in phases.items()}


def show(row):
    say(f"\n{row['size']}, {row['precision']}: 30 s of features, {row['tokens']} tokens; measured, CPU")
    own = row["seconds"]["aiekit"]
    say(f"{'':16}{'encoder':>24}{'decoder':>24}{'whole':>24}{'tokens as aiekit':>20}")
    for name, phases in row["seconds"].items():
        cells = [f"{phases[phase]['median']:.3f} s{ratio(own, phases, phase, name):>12}" for phase in phases]
        say(f"{name:16}{''.join(f'{cell:>24}' for cell in cells)}{row['equalTokens'][name]:>20}")


def ratio(own, phases, phase, name):
    return "" if name == "aiekit" else f"  = {phases[phase]['median'] / own[phase]['median']:.2f} x"


def say(text):
    print(text, flush=True)


def cpu_name():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


main()
