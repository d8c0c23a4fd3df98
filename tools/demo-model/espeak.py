"""Speech from libespeak-ng's C interface (speak_lib.h): samples, and when which word and phoneme is spoken."""

from __future__ import annotations

import ctypes as c
from dataclasses import dataclass

import numpy as np

_SYNCHRONOUS, _PHONEME_EVENTS, _UTF8, _CHARACTERS = 2, 1, 1, 1
_RATE, _VOLUME, _PITCH, _RANGE, _WORD_GAP = 1, 2, 3, 4, 7
_END_OF_EVENTS, _WORD, _PHONEME = 0, 1, 7


class _Id(c.Union):
    _fields_ = [("number", c.c_int), ("name", c.c_char_p), ("string", c.c_char * 8)]


class _Event(c.Structure):
    _fields_ = [
        ("type", c.c_int),
        ("unique_identifier", c.c_uint),
        ("text_position", c.c_int),
        ("length", c.c_int),
        ("audio_position", c.c_int),
        ("sample", c.c_int),
        ("user_data", c.c_void_p),
        ("id", _Id),
    ]


@dataclass(frozen=True)
class Voice:
    """`name` as espeak-ng has it, with a variant: `en-us+f2`. Words a minute, pitch and its range 0 to 100, pauses in 10 ms."""

    name: str
    rate: int = 170
    pitch: int = 50
    pitch_range: int = 50
    word_gap: int = 0


@dataclass(frozen=True)
class Speech:
    samples: np.ndarray
    """int16, at Espeak.rate_hz"""
    words: dict[int, float]
    """position of the word's first character, from 1: seconds of its start"""
    phonemes: list[tuple[float, str]]
    """seconds of the start, espeak's symbol; symbols with `_` are pauses"""


class Espeak:
    """The library is one global synthesiser: make one of these in a process."""

    def __init__(self) -> None:
        self._lib = c.CDLL("libespeak-ng.so.1")
        self.rate_hz: int = self._lib.espeak_Initialize(_SYNCHRONOUS, 200, None, _PHONEME_EVENTS)
        if self.rate_hz <= 0:
            raise RuntimeError("espeak-ng does not start: is the package espeak-ng-data installed?")
        callback_type = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))
        self._callback = callback_type(self._receive)  # kept: the library holds no reference
        self._lib.espeak_SetSynthCallback(self._callback)
        self._blocks: list[np.ndarray] = []
        self._words: dict[int, float] = {}
        self._phonemes: list[tuple[float, str]] = []

    def say(self, text: str, voice: Voice) -> Speech:
        if self._lib.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice.name}")
        for parameter, value in (
            (_RATE, voice.rate),
            (_VOLUME, 100),
            (_PITCH, voice.pitch),
            (_RANGE, voice.pitch_range),
            (_WORD_GAP, voice.word_gap),
        ):
            self._lib.espeak_SetParameter(parameter, value, 0)
        self._blocks, self._words, self._phonemes = [], {}, []
        encoded = text.encode()
        self._lib.espeak_Synth(encoded, len(encoded) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
        samples = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.int16)
        return Speech(samples, self._words, self._phonemes)

    def _receive(self, samples, count: int, events) -> int:
        if samples and count > 0:
            self._blocks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        index = 0
        while (event := events[index]).type != _END_OF_EVENTS:
            seconds = event.audio_position / 1000
            if event.type == _WORD:
                self._words[event.text_position] = seconds
            elif event.type == _PHONEME:
                self._phonemes.append((seconds, event.id.string.decode("utf8", "replace")))
            index += 1
        return 0
