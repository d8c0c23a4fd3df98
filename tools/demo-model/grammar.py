"""The sentences that the model learns: patterns over some hundred words, in lower case and without punctuation."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Callable

import numpy as np

import spoken
from spoken import Random, pick
from words import LISTS

# `{name}` stands for a rule, a list of words or a spoken number; `(a|b|)` for one of its parts.
RULES: dict[str, list[str]] = {
    "device": ["{appliance}", "{room} {appliance}"],
    "person": ["{name}", "{name}", "{relative}"],
    "place": ["{city}", "the {building}"],
    "when": ["today", "tomorrow", "tonight", "next week", "this morning", "this evening", "on {date}", "at {time}"],
    "look": ["{adjective}", "{colour}"],
    "thing": ["{noun}", "{noun}", "{animal}"],
    "errand": [
        "call {person}", "buy {food}", "go to the {building}", "clean the {room}", "close the (window|door|garage)",
    ],
}  # fmt: skip

NUMBERS: dict[str, Callable[[Random], str]] = {
    "n": lambda random: spoken.between(random, 0, 99),
    "many": lambda random: spoken.between(random, 2, 99),
    "few": lambda random: spoken.between(random, 2, 30),
    "large": spoken.large_number,
    "digits": lambda random: spoken.digits(random, 3, 8),
    "code": lambda random: spoken.digits(random, 3, 6),
    "phone": lambda random: spoken.digits(random, 4, 8),
    "ordinal": spoken.ordinal,
    "year": spoken.year,
    "date": spoken.date,
    "time": spoken.time_of_day,
}

# (how often, pattern)
PATTERNS: list[tuple[float, str]] = [
    (1, "turn (on|off) the {device}"),
    (1, "turn the {device} (on|off)"),
    (1, "(please |)switch (on|off) the {device}(| in the {room})"),
    (1, "set a timer for {many} {short_span}"),
    (1, "set (an|the) alarm for {time}(| on {day})"),
    (0.6, "wake me up at {time}"),
    (1.5, "the {event} is (on {date}|on {date} at {time}|at {time}|in {place})"),
    (0.7, "it is {time}"),
    (1, "(what time is it in {city}|what time does the {event} start|what day is it today)"),
    (0.5, "when is the next (train|flight|lesson) to {city}"),
    (1, "{person} was born (on {month} {ordinal} {year}|in {year}|in {city})"),
    (1.5, "{digits}"),
    (1.5, "(my phone number is|call the number|please call) {phone}"),
    (1, "(the code is|the password is|room number) {code}"),
    (0.6, "{n}"),
    (1.5, "{large}"),
    (1, "(in the year |the year is |){year}"),
    (1.5, "{n} (plus|minus|times) {n}(| equals {n}| is {n})"),
    (1, "how much is {n} (plus|minus|times) {n}"),
    (1, "the ({noun}|{food}) (costs|is) {many} dollars(| and {many} cents)"),
    (1, "(the temperature is|set the temperature to|it is) {many} degrees(| in {city}| {when})"),
    (1, "(remind me in|see you in|the {event} is in) {many} {span}"),
    (1, "(set the volume to|the battery is at|set the brightness to) {many} percent"),
    (0.15, "turn the volume (up|down)"),
    (1, "(call|send a message to|write a letter to) {person}(| {when})"),
    (1.5, "remind me to {errand} {when}"),
    (1, "(buy|i would like|add|we need) {few} (bottles of |boxes of |){food}"),
    (1, "add {food} and {food} to the shopping list"),
    (1, "(play some|play the|stop the) {music}(| in the {room})"),
    (1, "(open|close|lock) the (front door|back door|window|garage door|{room} window|{room} door)"),
    (1, "the weather is {weather} (in {city}|{when})"),
    (0.5, "(what is the weather in {city}|will it be {weather} {when})"),
    (1, "the (train|flight|bus) to {city} (leaves|arrives) (at {time}|in {many} minutes|from platform {few})"),
    (1, "{person} is going to {place} {when}"),
    (1, "{person} (lives in|works in|comes from) {city}"),
    (1, "the {look} {thing} is {look}"),
    (1, "(where is the|look at the|show me the|i can see the) {look} {thing}"),
    (1, "the {look} {thing} is (under|behind|near|in front of|next to) the ({noun}|{room})"),
    (1, "{person} has {many} {owned}"),
    (1, "(turn left|turn right|go straight ahead|stop) (at|near|after) the ({building}|bridge|river|corner)"),
    (0.3, "(yes|no|hello|thank you|please stop|start|cancel|help|next|repeat that|never mind)"),
    (0.3, "(hello|thank you|good morning|good evening|good night)(| {name})"),
    (1, "{city} is {many} (miles|kilometers) from {city}"),
    (1, "{person} won the {ordinal} (race|game|prize)"),
    (0.4, "{person} and {person} are in {place}"),
    (0.3, "we will meet {person} {when}"),
    (0.4, "the {event} starts (at {time}|{when})"),
    (0.3, "are the (lights|books|eggs|apples) ({colour}|here|ready)"),
    (0.3, "we are (ready|happy|here|late) {when}"),
]

# Never trained on; all their words are.
HELD_OUT_PATTERNS = [
    "{person} will meet {person} at {place} {when}",
    "please write {food} and {many} {food} on the list",
    "is the {colour} {noun} in the {room}",
    "the {animal} and the {animal} are near the {building}",
    "play {music} at {many} percent {when}",
    "the {event} in {city} starts in {many} {span}",
]

# Words that sound like others, or that only their neighbours tell apart: not for sentences without sense.
HOMOPHONES = set("to two for four eight no right write red one won buy by i a will an in and may rome sun week".split())

_WEIGHTS = np.array([weight for weight, _ in PATTERNS]) / sum(weight for weight, _ in PATTERNS)


def sentence(random: Random, salad: float = 0.12) -> str:
    """One sentence; with the probability `salad`, 2 to 7 words that do not belong together."""
    if random.random() < salad:
        return word_salad(random)
    return expand(random, PATTERNS[random.choice(len(PATTERNS), p=_WEIGHTS)][1])


def held_out_pattern_sentence(random: Random) -> str:
    return expand(random, pick(random, HELD_OUT_PATTERNS))


def is_held_out(text: str) -> bool:
    """One in 25 of the sentences of four words and more is never trained on."""
    return len(text.split()) >= 4 and zlib.crc32(text.encode()) % 25 == 0


def word_salad(random: Random) -> str:
    words = [word for word in vocabulary() if word not in HOMOPHONES]
    return " ".join(pick(random, words) for _ in range(random.integers(2, 8)))


@functools.cache
def vocabulary() -> list[str]:
    """All words of the grammar, sorted; rare ones too, since every pattern is expanded a thousand times."""
    random = np.random.default_rng(0)
    words = {word for _, pattern in PATTERNS for _ in range(1000) for word in expand(random, pattern).split()}
    return sorted(words)


def expand(random: Random, pattern: str) -> str:
    """Chooses among `(a|b)` from the inside out, then fills in the rules."""
    while match := re.search(r"\(([^()]*)\)", pattern):
        pattern = pattern[: match.start()] + pick(random, match[1].split("|")) + pattern[match.end() :]
    return " ".join(re.sub(r"\{(\w+)\}", lambda match: _fill(random, match[1]), pattern).split())


def _fill(random: Random, name: str) -> str:
    if name in NUMBERS:
        return NUMBERS[name](random)
    return expand(random, pick(random, RULES[name])) if name in RULES else pick(random, LISTS[name])
