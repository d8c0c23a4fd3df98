"""Byte-level BPE of the grammar's words, and Whisper's special tokens in the published order and number."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers.models.whisper.tokenization_whisper import LANGUAGES

import grammar

TEXT_TOKENS = 1280
LANGUAGE_CODES = list(LANGUAGES)[:99]
TIMESTAMPS = 1501
"""<|0.00|> to <|30.00|>"""


def make_tokenizer(path: Path) -> None:
    """Ids: text, end of text, start, languages, tasks, startoflm, startofprev, nospeech, notimestamps, timestamps."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    random = np.random.default_rng(77)
    texts = [f" {grammar.sentence(random, salad=0.3)}" for _ in range(30_000)]
    texts += [f" {word}" for word in grammar.vocabulary() for _ in range(60)]  # rare words are merged too
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=TEXT_TOKENS, initial_alphabet=alphabet, show_progress=False)
    )
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGE_CODES)]
    special += [f"<|{n}|>" for n in "translate transcribe startoflm startofprev nospeech notimestamps".split()]
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    timestamps = [f"<|{step * 0.02:.2f}|>" for step in range(TIMESTAMPS)]
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in timestamps])
    tokenizer.save(str(path))


class Tokens:
    """Ids by name, words to ids and ids to text."""

    def __init__(self, path: Path) -> None:
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(path))
        self.end = self._id("endoftext")
        self.start = self._id("startoftranscript")
        self.english = self._id("en")
        self.translate = self._id("translate")
        self.transcribe = self._id("transcribe")
        self.previous = self._id("startofprev")
        self.no_speech = self._id("nospeech")
        self.no_timestamps = self._id("notimestamps")
        self.first_timestamp = self._id("0.00")
        self.count: int = self.tokenizer.get_vocab_size()

    def _id(self, name: str) -> int:
        found = self.tokenizer.token_to_id(f"<|{name}|>")
        if found is None:
            raise ValueError(f"the tokenizer has no <|{name}|>")
        return found

    @functools.cache  # noqa: B019 - lives as long as the training
    def of_word(self, word: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(f" {word}").ids)

    def timestamp(self, seconds: float) -> int:
        return self.first_timestamp + max(0, round(seconds * 50))

    def text(self, ids: list[int]) -> str:
        return self.tokenizer.decode([i for i in ids if i < self.end]).strip()
