"""The spellings of units that are taken for units, each with the name pint knows it by."""

from typing import Final

NAMES: Final = {name: name for name in (
    "metre", "meter", "gram", "second", "minute", "hour", "day", "week", "month", "year", "decade", "century",
    "tonne", "litre", "liter", "hectare", "foot", "inch", "mile", "yard", "pound", "ounce", "gallon", "acre",
    "kelvin", "celsius", "fahrenheit", "joule", "watt", "volt", "ampere", "ohm", "hertz", "newton", "pascal", "bar",
    "calorie", "electronvolt", "parsec", "bit", "byte", "mole", "lumen", "candela", "tesla", "coulomb", "becquerel",
    "sievert", "degree", "radian", "percent", "knot", "mph", "kph",
)} | {
    "feet": "foot", "inches": "inch", "centuries": "century", "amp": "ampere", "light-year": "light_year",
    "lightyear": "light_year", "astronomical-unit": "astronomical_unit", "atmosphere": "standard_atmosphere",
    "centigrade": "celsius",
}  # fmt: skip
"""In small letters, without the plural's s."""
PREFIXES: Final = (
    "kilo", "mega", "giga", "tera", "peta", "milli", "micro", "nano", "pico", "femto", "centi", "deci", "hecto",
    "kibi", "mebi", "gibi", "tebi",
)  # fmt: skip
PREFIXED: Final = frozenset((
    "metre", "meter", "gram", "second", "tonne", "litre", "liter", "joule", "watt", "volt", "ampere", "ohm",
    "hertz", "newton", "pascal", "bar", "calorie", "electronvolt", "parsec", "bit", "byte", "mole", "tesla",
    "coulomb", "becquerel", "sievert", "year",
))  # fmt: skip
"""The names that may stand after a prefix."""
SYMBOLS: Final = frozenset((
    "km", "m", "dm", "cm", "mm", "nm", "pm", "kg", "g", "mg", "t", "s", "ms", "ns", "min", "h", "K", "J", "kJ",
    "MJ", "W", "kW", "MW", "GW", "TW", "kWh", "V", "kV", "mV", "A", "mA", "Hz", "kHz", "MHz", "GHz", "THz", "N",
    "kN", "Pa", "hPa", "kPa", "MPa", "GPa", "bar", "mbar", "mol", "L", "l", "ml", "mL", "cl", "ha", "ft", "yd",
    "lb", "oz", "mi", "eV", "keV", "MeV", "GeV", "TeV", "pc", "kpc", "Mpc", "kB", "MB", "GB", "TB", "KiB", "MiB",
    "GiB", "cd", "lm", "rad",
))  # fmt: skip
"""Signs that pint reads as they are, in exactly this case; `in`, `a` and `C` are not among them, being words."""
SIGNS: Final = {
    "°C": "celsius", "°F": "fahrenheit", "°": "degree", "%": "percent", "µm": "micrometre", "μm": "micrometre",
    "µg": "microgram", "μg": "microgram", "µs": "microsecond", "μs": "microsecond", "Ω": "ohm", "kΩ": "kiloohm",
    "AU": "astronomical_unit", "au": "astronomical_unit", "ly": "light_year", "kn": "knot", "km/h": "kilometre/hour",
    "atm": "standard_atmosphere",
}  # fmt: skip
