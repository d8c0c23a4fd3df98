"""Numbers, dates and times of day in spoken English."""

from __future__ import annotations

import numpy as np

from words import LISTS, ORDINALS, TEENS, TENS, UNITS

Random = np.random.Generator


def pick(random: Random, choices: list[str]) -> str:
    return choices[random.integers(len(choices))]


def spoken(number: int) -> str:
    """British reading of 0 to 999,999,999: `two hundred and six`."""
    if number < 10:
        return UNITS[number]
    if number < 20:
        return TEENS[number - 10]
    if number < 100:
        return TENS[number // 10 - 2] + (f" {UNITS[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{UNITS[number // 100]} hundred" + (f" and {spoken(number % 100)}" if number % 100 else "")
    if number < 1_000_000:
        thousands, rest = divmod(number, 1000)
        joint = " and " if rest < 100 else " "
        return f"{spoken(thousands)} thousand" + (joint + spoken(rest) if rest else "")
    return f"{spoken(number // 1_000_000)} million"


def between(random: Random, lowest: int, highest: int) -> str:
    return spoken(int(random.integers(lowest, highest + 1)))


def large_number(random: Random) -> str:
    lowest, highest = [(100, 999), (1000, 9999), (10_000, 999_999), (0, 0)][random.integers(4)]
    return between(random, lowest, highest) if highest else spoken(int(random.integers(1, 100)) * 1000)


def digits(random: Random, fewest: int, most: int) -> str:
    return " ".join(pick(random, UNITS) for _ in range(random.integers(fewest, most + 1)))


def ordinal(random: Random) -> str:
    """`first` to `thirty first`."""
    day = int(random.integers(1, 32))
    if day <= 20:
        return ORDINALS[day - 1]
    if day < 30:
        return f"twenty {ORDINALS[day - 21]}"
    return "thirtieth" if day == 30 else "thirty first"


def year(random: Random) -> str:
    """`nineteen eighty four`; 1610 to 2099."""
    return f"{between(random, 16, 20)} {between(random, 10, 99)}"


def date(random: Random) -> str:
    month, day = pick(random, LISTS["month"]), pick(random, LISTS["day"])
    forms = [f"{month} {ordinal(random)}", f"the {ordinal(random)} of {month}", f"{day} {month} {ordinal(random)}", day]
    return pick(random, forms)


def time_of_day(random: Random) -> str:
    hour = between(random, 1, 12)
    side = pick(random, ["past", "to"])
    forms = [
        f"{hour} o'clock",
        f"half past {hour}",
        f"quarter {side} {hour}",
        f"{pick(random, ['five', 'ten', 'twenty', 'twenty five'])} {side} {hour}",
        f"{hour} {between(random, 10, 59)}",
        f"{hour} in the {pick(random, ['morning', 'afternoon', 'evening'])}",
    ]
    return pick(random, forms)
