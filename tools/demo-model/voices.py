"""Who speaks: accents and voices of espeak-ng, those for training and those kept for the test."""

from __future__ import annotations

from espeak import Voice
from spoken import Random, pick

# (accent, share)
ACCENTS = [
    ("en-us", 0.40),
    ("gmw/en", 0.25),
    ("en-gb-x-rp", 0.10),
    ("en-gb-scotland", 0.06),
    ("en-gb-x-gbclan", 0.07),
    ("en-us-nyc", 0.07),
    ("en-029", 0.05),
]
HELD_OUT_ACCENT = "en-gb-x-gbcwmd"

HELD_OUT = ["m4", "m7", "f3", "Alicia", "Michael", "linda", "edward", "steph"]
MAIN = ["m1", "m2", "m3", "m5", "m6", "m8", "f1", "f2", "f4", "f5"]
# All others but whispers, distorted voices and near copies of those held out (edward2, steph2, steph3).
OTHER = (
    "Alex Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Mike Nguyen RicishayMax "
    "RicishayMax2 RicishayMax3 Storm UniRobot adam anika anikaRobot announcer antonio aunty belinda benjamin boris caleb "
    "david ed f1 grandma grandpa gustave iven iven2 iven3 iven4 john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 klatt6 "
    "marcelo max michel miguel norbert pablo paul pedro quincy rob robert robosoft robosoft2 robosoft3 robosoft4 "
    "robosoft5 robosoft6 robosoft7 robosoft8 sandro shelby travis victor zac"
).split()


def training_voice(random: Random) -> Voice:
    kind = random.random()
    variant = "" if kind < 0.12 else pick(random, MAIN) if kind < 0.6 else pick(random, OTHER)
    return _voice(random, accent(random), variant)


def held_out_voice(random: Random) -> Voice:
    return _voice(random, accent(random), pick(random, HELD_OUT))


def held_out_accent_voice(random: Random) -> Voice:
    return _voice(random, HELD_OUT_ACCENT, pick(random, MAIN))


def accent(random: Random) -> str:
    return ACCENTS[random.choice(len(ACCENTS), p=[share for _, share in ACCENTS])][0]


def _voice(random: Random, base: str, variant: str) -> Voice:
    return Voice(
        name=f"{base}+{variant}" if variant else base,
        rate=int(random.integers(118, 223)),
        pitch=int(random.integers(25, 76)),
        pitch_range=int(random.integers(30, 71)),
        word_gap=int(random.choice([0, 0, 0, 1, 3])),
    )
