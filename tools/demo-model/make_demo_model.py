"""Makes the demo model from nothing: python make_demo_model.py --work build/demo-model"""

from __future__ import annotations

import os

# Before torch: threads that spin while they wait slow each other down.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse  # noqa: E402
from pathlib import Path  # noqa: E402

import torch  # noqa: E402

from clips import make_clips  # noqa: E402
from tokens import make_tokenizer  # noqa: E402
from train import Schedule, train  # noqa: E402

CLIPS, STEPS, REPORT_STEPS, SEED = 56_000, 12_000, 500, 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for clips and checkpoints; a later run goes on from it")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--stop-at", type=int, help="end early at this step of the schedule")
    parser.add_argument("--report-steps", type=int, default=REPORT_STEPS)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    work: Path = arguments.work
    make_clips(work / "clips", arguments.clips, SEED, workers=os.cpu_count() or 1)
    if not (work / "tokenizer.json").exists():
        make_tokenizer(work / "tokenizer.json")
    train(work, Schedule(arguments.steps), SEED, arguments.report_steps, arguments.stop_at)


if __name__ == "__main__":
    main()
