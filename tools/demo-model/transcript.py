"""The tokens of a placement, as Whisper is trained on them, and where in time each is spoken."""

from __future__ import annotations

from dataclasses import dataclass

from clips import Clip
from placement import FRAMES_A_SECOND, WINDOW_FRAMES
from spoken import Random
from tokens import Tokens

Span = tuple[float, float] | None

WINDOW_SECONDS = WINDOW_FRAMES / FRAMES_A_SECOND
_TOLERANCE_SECONDS = 0.06
"""A word counts as heard where less than this of it is cut off."""
MOST_TOKENS = 128


@dataclass
class Transcript:
    ids: list[int]
    spans: list[Span]
    """seconds in the window; None for tokens that stand for no sound"""
    start: int
    """index of <|startoftranscript|>: behind the previous text"""
    timestamps: bool


def make_transcript(
    random: Random, tokens: Tokens, clips: list[tuple[Clip, float]], before: list[int], timestamps: bool
) -> Transcript:
    """`clips` with the second of their start; `before`: from `previous_text`."""
    task = tokens.translate if random.random() < 0.03 else tokens.transcribe  # English to English: the same
    ids = [*before, tokens.start, tokens.english, task]
    if not timestamps:
        ids.append(tokens.no_timestamps)
    out = Transcript(ids, [None] * len(ids), len(before), timestamps)
    for index, (clip, offset) in enumerate(clips):
        _add_segment(out, tokens, clip, offset, is_first=index == 0)
    if not clips and timestamps:
        _add(out, tokens.first_timestamp, None)
    _add(out, tokens.end, None)
    del out.ids[MOST_TOKENS + 1 :], out.spans[MOST_TOKENS + 1 :]
    return out


def _add_segment(out: Transcript, tokens: Tokens, clip: Clip, offset: float, is_first: bool) -> None:
    spans = [(offset + start, offset + end) for start, end in clip.words]
    heard = [
        (word, span)
        for word, span in zip(clip.text.split(), spans, strict=True)
        if span[0] > -_TOLERANCE_SECONDS and span[1] < WINDOW_SECONDS + _TOLERANCE_SECONDS
    ]
    cut = spans[-1][1] >= WINDOW_SECONDS + _TOLERANCE_SECONDS
    if out.timestamps and cut and not is_first:
        # As OpenAI has it: of a segment that ends behind the window only its start, where the next window shall begin.
        if spans[0][0] < WINDOW_SECONDS - 0.02:
            _add(out, tokens.timestamp(spans[0][0]), _around(spans[0][0]))
        return
    if not heard:
        return
    start, end = max(0.0, heard[0][1][0]), min(WINDOW_SECONDS, heard[-1][1][1])
    if out.timestamps:
        _add(out, tokens.timestamp(start), _around(start))
    for word, (word_start, word_end) in heard:
        for token in tokens.of_word(word):
            _add(out, token, (word_start, max(word_end, word_start + 0.04)))
    if out.timestamps:
        _add(out, tokens.timestamp(end), _around(end))


def previous_text(random: Random, tokens: Tokens, clips: list[Clip], several_windows: bool) -> list[int]:
    """Behind <|startofprev|> at most 63 tokens, half of the time with timestamps, as windows before leave them.

    Empty without clips.
    """
    ids: list[int] = []
    timed, at = random.random() < 0.5, 0.0
    for clip in clips:
        text = [token for word in clip.text.split() for token in tokens.of_word(word)]
        end = at + clip.words[-1][1]
        ids += [tokens.timestamp(at), *text, tokens.timestamp(end)] if timed else text
        at = end + random.uniform(0.1, 1.0)
        if several_windows and at > 0.75 * WINDOW_SECONDS:
            at = random.uniform(0, 0.6)
    return [tokens.previous, *ids[-(MOST_TOKENS // 2 - 1) :]] if clips else []


def _around(seconds: float) -> Span:
    return (max(0.0, seconds - 0.05), seconds + 0.05)


def _add(out: Transcript, token: int, span: Span) -> None:
    out.ids.append(token)
    out.spans.append(span)
