"""Writes a seeded model of the sizes of tiny or base in the formats of all engines, once for a work folder."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "pipeline/fixtures/whisper"))

from openai_names import published_name  # noqa: E402
from real_sizes import features, openai_model, transformers_model  # noqa: E402

END, START, TRANSLATE, NO_TIMESTAMPS, TIMESTAMPS = 50257, 50258, 50358, 50363, 1501
PROMPT = [START, START + 1, TRANSLATE + 1, NO_TIMESTAMPS]
BEHIND_LANGUAGES = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]


def model_folders(size, work):
    """Folders and files by engine, and `logits`: transformers' own behind PROMPT and the features `full 0`."""
    made = {"published": work / size, "ct2": work / f"{size}-ct2", "ggml f16": work / f"{size}-f16.bin",
            "ggml q8_0": work / f"{size}-q8_0.bin", "logits": work / f"{size}-logits.npy"}
    done = work / f"{size}.done"
    if not done.exists():
        write_published(size, made["published"])
        write_ct2(made["published"], made["ct2"])
        write_ggml_files(size, made)
        write_logits(size, made["logits"])
        done.touch()
    return made


def write_published(size, folder):
    from transformers import WhisperFeatureExtractor
    from whisper.tokenizer import LANGUAGES

    model = transformers_model(size)
    languages = {f"<|{code}|>": START + 1 + i for i, code in enumerate(list(LANGUAGES)[:99])}
    model.config.decoder_start_token_id, model.config.bos_token_id = START, END
    model.config.eos_token_id = model.config.pad_token_id = END
    rules = model.generation_config
    rules.decoder_start_token_id, rules.bos_token_id, rules.eos_token_id, rules.pad_token_id = START, END, END, END
    rules.is_multilingual, rules.lang_to_id = True, languages
    rules.task_to_id = {"translate": TRANSLATE, "transcribe": TRANSLATE + 1}
    rules.no_timestamps_token_id, rules.max_initial_timestamp_index = NO_TIMESTAMPS, 50
    rules.suppress_tokens, rules.begin_suppress_tokens = [START], [220, END]
    rules.alignment_heads = [[0, 0]]
    model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    names = ["<|endoftext|>", "<|startoftranscript|>", *languages, *(f"<|{name}|>" for name in BEHIND_LANGUAGES)]
    names += [f"<|{step / 50:.2f}|>" for step in range(TIMESTAMPS)]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer(names)))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "WhisperTokenizer"}))


def tokenizer(names):
    """A byte-level vocabulary without merges; the tokens behind the bytes are there for the count only."""
    vocab = {character: byte for byte, character in enumerate(byte_characters())}
    vocab |= {f"t{token:05}": token for token in range(256, END)}
    added = [{"id": END + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for i, name in enumerate(names)]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": level, "post_processor": None, "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "vocab": vocab, "merges": []}}


def byte_characters():
    """GPT-2's alphabet of bytes: those without a glyph of their own move behind 255."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = iter(range(256, 512))
    return [chr(byte if byte in printable else next(moved)) for byte in range(256)]


def write_ct2(published, folder):
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(published), copy_files=["tokenizer.json", "preprocessor_config.json"]).convert(
        str(folder), force=True)


def write_ggml_files(size, made):
    from ggml_file import write_ggml

    model, published = openai_model(size), transformers_model(size)
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    assert all(published_name(name) in published.state_dict() for name in arrays)
    for quantisation in ("f16", "q8_0"):
        write_ggml(made[f"ggml {quantisation}"], published.config, arrays, quantisation)


@torch.no_grad()
def write_logits(size, file):
    run = transformers_model(size)(features("full 0", 3000)[None], decoder_input_ids=torch.tensor([PROMPT]))
    np.save(file, run.logits[0, -1].numpy())
