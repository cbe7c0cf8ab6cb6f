"""Invented names: accents, apostrophes, long ones, family name first, right to left."""

# ruff: noqa: RUF001 - letters that look alike are what these names are for

from random import Random

Name = tuple[str, str]
"""How it is written, and its Latin letters for a login."""

_GIVEN: tuple[Name, ...] = (
    ("Ada", "ada"),
    ("Zoë", "zoe"),
    ("Siobhán", "siobhan"),
    ("José", "jose"),
    ("Nguyệt", "nguyet"),
    ("Łucja", "lucja"),
    ("Søren", "soren"),
    ("Anaïs", "anais"),
    ("Chloé", "chloe"),
    ("Priya", "priya"),
    ("Kwame", "kwame"),
    ("Thandiwe", "thandiwe"),
    ("Mary Jo", "maryjo"),
    ("D'Andre", "dandre"),
    ("Jean-Luc", "jeanluc"),
    ("Işıl", "isil"),
    ("Björn", "bjorn"),
    ("Xóchitl", "xochitl"),
    ("Malia", "malia"),
    ("Ravi", "ravi"),
    ("Olena", "olena"),
    ("Tomás", "tomas"),
    ("Grace", "grace"),
    ("Samuel", "samuel"),
    ("Noor", "noor"),
    ("Ines", "ines"),
    ("Bo", "bo"),
    ("Henrike", "henrike"),
)
_FAMILY: tuple[Name, ...] = (
    ("O'Brien", "obrien"),
    ("O’Malley", "omalley"),
    ("Müller", "muller"),
    ("García Márquez", "garcia"),
    ("van der Berg", "vdberg"),
    ("Smith", "smith"),
    ("Nuñez", "nunez"),
    ("Ångström", "angstrom"),
    ("Đorđević", "djordjev"),
    ("Okonkwo-Hughes", "okonkwo"),
    ("Šimková", "simkova"),
    ("Þorsteinsdóttir", "thorst"),
    ("Nakamura", "nakamura"),
    ("Ng", "ng"),
    ("Iyer", "iyer"),
    ("Kaʻaukai", "kaaukai"),
    ("Dembélé", "dembele"),
    ("Fitzgerald", "fitzger"),
    ("Yılmaz", "yilmaz"),
    ("Kovács", "kovacs"),
    ("Doe, Jr.", "doe"),
    ("Le Guin", "leguin"),
    ("Petrov", "petrov"),
    ("Abubakar", "abubakar"),
    ("Wolkenstein-Hohenburg von und zu Lichtenfels-Ebersdorf", "wolken"),
)
_WHOLE: tuple[Name, ...] = (
    ("山田 太郎", "tyamada"),
    ("王 秀英", "xywang"),
    ("김민준", "mjkim"),
    ("陳 大文", "twchan"),
    ("محمد الفاسي", "mfasi"),
    ("ليلى حدّاد", "lhaddad"),
    ("נועה בן־דוד", "nbendavid"),
    ("Ольга Иванова", "oivanova"),
    ("Αλέξανδρος Παπαδόπουλος", "apapad"),
    ("प्रिया शर्मा", "psharma"),
    ("Sukarno", "sukarno"),
)
_WHOLE_SHARE = 0.12


def invent(rng: Random) -> Name:
    """A display name and the Latin stem of a login. Several people may share a name."""
    if rng.random() < _WHOLE_SHARE:
        return rng.choice(_WHOLE)
    given, family = rng.choice(_GIVEN), rng.choice(_FAMILY)
    return f"{given[0]} {family[0]}", f"{given[1][:1]}{family[1]}"
