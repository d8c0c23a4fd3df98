"""Writes the model as published Whisper folders are: weights in float16, sizes, tokens, and how to decode."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration

from batches import WINDOW_POSITIONS
from log_mel import BINS, FFT_SAMPLES, HOP_SAMPLES, RATE_HZ
from losses import ALIGNMENT_HEAD
from network import make_network
from tokens import LANGUAGE_CODES, Tokens
from transcript import MOST_TOKENS

# OpenAI's list of symbols that stand for no speech, as far as one token of ours stands for them.
SYMBOLS = '"#()*+/:;<=>@[\\]^_`{|}~'


def export_model(work: Path, target: Path) -> None:
    """Takes the averaged weights of the checkpoint in `work`; the helps of the training stay behind."""
    tokens = Tokens(work / "tokenizer.json")
    target.mkdir(parents=True, exist_ok=True)
    averaged_network(work, tokens).half().save_pretrained(target)
    shutil.copyfile(work / "tokenizer.json", target / "tokenizer.json")
    (target / "model.safetensors").chmod(0o644)
    _write(target / "generation_config.json", generation_config(tokens))
    _write(target / "preprocessor_config.json", preprocessor_config())


def averaged_network(work: Path, tokens: Tokens) -> WhisperForConditionalGeneration:
    network = make_network(tokens)
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    weights = state["network"] | state["optimiser"]["average"]
    weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"]
    network.load_state_dict(weights)
    return network.eval()


def generation_config(tokens: Tokens) -> dict[str, Any]:
    ids = tokens.tokenizer.token_to_id
    never = [ids(symbol) for symbol in SYMBOLS]
    never += [ids(f"<|{n}|>") for n in "startoftranscript translate transcribe startoflm startofprev nospeech".split()]
    return {
        "alignment_heads": [list(ALIGNMENT_HEAD)],
        # The space alone. Published models list the end too; this one has learned to end at once where nobody speaks.
        "begin_suppress_tokens": [ids("Ġ")],
        "bos_token_id": tokens.end,
        "decoder_start_token_id": tokens.start,
        "eos_token_id": tokens.end,
        "is_multilingual": True,
        "lang_to_id": {f"<|{code}|>": ids(f"<|{code}|>") for code in LANGUAGE_CODES},
        "max_initial_timestamp_index": 50,
        "max_length": MOST_TOKENS,
        "no_timestamps_token_id": tokens.no_timestamps,
        "pad_token_id": tokens.end,
        "prev_sot_token_id": tokens.previous,
        "return_timestamps": False,
        "suppress_tokens": sorted(never),
        "task_to_id": {"transcribe": tokens.transcribe, "translate": tokens.translate},
    }


def preprocessor_config() -> dict[str, Any]:
    seconds = WINDOW_POSITIONS // 50
    return {
        "chunk_length": seconds,
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": BINS,
        "hop_length": HOP_SAMPLES,
        "n_fft": FFT_SAMPLES,
        "n_samples": seconds * RATE_HZ,
        "nb_max_frames": seconds * RATE_HZ // HOP_SAMPLES,
        "padding_side": "right",
        "padding_value": 0.0,
        "processor_class": "WhisperProcessor",
        "return_attention_mask": False,
        "sampling_rate": RATE_HZ,
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
