"""Word lists of the grammar."""


def _words(text: str) -> list[str]:
    return text.split()


UNITS = _words("zero one two three four five six seven eight nine")
TEENS = _words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
ORDINALS = _words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)

LISTS: dict[str, list[str]] = {
    "month": _words("january february march april may june july august september october november december"),
    "day": _words("monday tuesday wednesday thursday friday saturday sunday"),
    "room": _words("kitchen bedroom bathroom garage office hallway garden basement attic library")
    + ["living room", "dining room"],
    "appliance": _words("lights lamp heater fan television radio computer printer camera alarm oven speaker"),
    "name": _words(
        "alice bob charlie david emma frank george hannah oliver julia kevin laura michael nancy peter rachel simon "
        "tina victor william sarah thomas maria daniel"
    ),
    "relative": ["my brother", "my sister", "my mother", "my father", "the doctor", "the teacher"],
    "city": _words(
        "london paris berlin madrid rome vienna oslo dublin boston chicago denver houston seattle toronto tokyo "
        "sydney moscow cairo lisbon prague"
    ),
    "colour": _words("red green blue yellow orange purple black white brown silver"),
    "adjective": _words("big small old new cold warm happy quiet fast slow heavy bright clean empty"),
    "animal": _words("dog cat horse bird rabbit tiger monkey elephant"),
    "noun": _words(
        "table chair window door book bottle garden river mountain bridge car train bicycle house phone box letter "
        "picture clock"
    ),
    "food": _words(
        "apples bananas bread butter cheese coffee milk water sugar rice chicken tomatoes potatoes eggs chocolate "
        "soup salad pizza"
    ),
    "building": _words("market station airport hospital school bank museum restaurant hotel church"),
    "event": _words("meeting party concert lesson interview flight dinner wedding conference birthday"),
    "weather": _words("sunny rainy cloudy windy snowy foggy"),
    "music": _words("jazz rock music piano guitar news podcast"),
    "short_span": _words("minutes hours seconds"),
    "span": _words("minutes hours seconds days weeks months"),
    "owned": _words("books cats dogs birds friends horses"),
}
