"""Makes the demo model from nothing: python make_demo_model.py --work WORK --model ../../pipeline/demo-model"""

from __future__ import annotations

import os

# Before torch: threads that spin while they wait slow each other down.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import shutil  # noqa: E402
from pathlib import Path  # noqa: E402

import torch  # noqa: E402

from card import write_card  # noqa: E402
from clips import fresh_processes, make_clips  # noqa: E402
from evaluate import evaluate, load  # noqa: E402
from export import export_model  # noqa: E402
from samples import write_samples  # noqa: E402
from schedule import SEED, Schedule  # noqa: E402
from tokens import make_tokenizer  # noqa: E402
from train import train  # noqa: E402

CLIPS, STEPS, REPORT_STEPS = 56_000, 9_000, 250


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    work, model = arguments.work, arguments.model
    make_clips(work / "clips", arguments.clips, SEED, workers=os.cpu_count() or 1)
    if not (work / "tokenizer.json").exists():
        make_tokenizer(work / "tokenizer.json")
    train(work, Schedule(arguments.steps), SEED, arguments.report_steps)
    export_model(work, model)
    with fresh_processes(1) as pool:
        pool.submit(write_samples, model / "samples").result()
    shutil.copyfile(work / "curve.csv", model / "training-curve.csv")
    results = evaluate(model)
    print(json.dumps(results, indent=2))
    parameters = sum(p.numel() for p in load(model)[0].parameters())
    write_card(work, model, results | {"parameters": parameters}, _training_sentence(work, arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="for clips and checkpoints; a later run goes on from it"
    )
    parser.add_argument("--model", type=Path, required=True, help="the folder that the model is written to")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--report-steps", type=int, default=REPORT_STEPS)
    parser.add_argument("--threads", type=int, default=1, help="of torch; batches are made in one more")
    parser.add_argument("--machine", default=platform.processor() or platform.machine(), help="for the model card")
    return parser.parse_args()


def _training_sentence(work: Path, arguments: argparse.Namespace) -> str:
    minutes, steps, windows = (work / "curve.csv").read_text().splitlines()[-1].split(",")[:3]
    return (
        f"{int(steps):,} steps, {int(windows):,} windows, {float(minutes):.0f} minutes measured on {arguments.machine}, "
        f"{arguments.threads} thread(s) of torch."
    )


if __name__ == "__main__":
    main()
