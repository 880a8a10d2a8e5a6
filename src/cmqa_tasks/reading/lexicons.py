"""Readers of the kinds whose values are words: blood group, direction, colour, weather, allergen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention

# --- blood groups ----------------------------------------------------------------------------------------------------

_RH = r",? ?-?\(? ?rh(?:esus)?(?: ?\(?d\)?)?(?: factor)?(?: is|:)?[ -]?\(?"
_SIGN = r"positive|negative|pos\b|neg\b|plus|minus|\+ve|-ve"
_BLOOD = re.compile(
    rf"(?P<abo>ab|[abo0])(?:(?:{_RH}|(?: type)?[ -]?\(?)(?P<word>{_SIGN})"
    rf"|(?:{_RH}|(?: type)? ?\()?(?P<sign>\+|-(?![a-z0-9]))| (?P<spaced>\+|-(?! ?[a-z0-9(]))|(?![A-Za-z0-9+]))",
    re.IGNORECASE,
)
_TYPE_BEFORE = re.compile(r"(?:type|group|typing|blood)[ :]*(?:is |was )?\"?'?$", re.IGNORECASE)


def blood_group(text: str) -> list[Mention]:
    """ABO groups with their rhesus sign, over text whose case is kept: *A positive* is a group, *a positive test* is not.

    A group without its sign reads as the letters alone; it equals no complete group.
    """
    found: list[Mention] = []
    for match in _BLOOD.finditer(text):
        start, end = match.span()
        if start and (text[start - 1].isalnum() or text[start - 1] in "'+"):
            continue
        letters, sign = match["abo"], match["word"] or match["sign"] or match["spaced"] or ""
        typed_before = _TYPE_BEFORE.search(text, max(0, start - 14), start) is not None
        symbol = sign in ("+", "-") or sign in ("+ve", "-ve")
        whole = start == 0 and end >= len(text.rstrip(" .!\n"))
        if letters.islower() and not (symbol or whole or typed_before or letters == "ab" or "rh" in match[0].lower()):
            continue
        if letters == "0" and not (sign and (symbol or typed_before or whole)):
            continue
        if not sign:
            if typed_before or whole:
                found.append(Mention(start, end, (letters.upper().replace("0", "O"),), BARE))
            continue
        rhesus = "+" if sign.lower()[0] == "+" or sign.lower().startswith(("pos", "plus")) else "-"
        found.append(Mention(start, end, (letters.upper().replace("0", "O") + rhesus,), TYPED))
    return found


# --- directions ------------------------------------------------------------------------------------------------------

_POINT = re.compile(
    r"(?P<a>north|south|east|west)(?:ern|erly|wards?|bound)?(?:(?:[ -]?(?:by[ -])?)(?P<b>north|south|east|west)"
    r"(?:ern|erly|wards?|bound)?"
    r"(?:[ -](?P<c>east|west))?)?(?:erly|ern|wards?)?(?![a-z])"
)
_SHORT = {"n": "north", "s": "south", "e": "east", "w": "west"}
_ABBREVIATED = re.compile(r"(?:(?P<ns>[NS])\.?(?P<ew>[EW])|(?P<one>[NSEW]))(?![A-Za-z'&])\.?")
_BEFORE_LETTER = (
    "direction ",
    "heading ",
    "towards ",
    "is ",
    "says ",
    "shows ",
    "reads ",
    "indicates ",
    "is due ",
    "bearing ",
    "to the ",
    "due ",
    ": ",
    "(",
    "/",
    "vs ",
)
_THOROUGHFARE = re.compile(
    r" (?:street|st\b|road|rd\b|lane|avenue|ave\b|bridge|gate|station|park|square|wing|end\b|sea\b|entrance|exit|hill"
    r"|terrace|quay|pier|dock|hall|market|hospital|school|line\b)"
)


def direction(text: str) -> list[Mention]:
    """Eight compass points; the case of the text is kept, because single letters count only as capitals."""
    low = text.lower()
    found: list[Mention] = []
    for match in _POINT.finditer(low):
        start, end = match.span()
        if start and low[start - 1].isalpha():
            continue
        first, second, third = match["a"], match["b"], match["c"]
        if third:
            reading = f"{first}-{second}-{third}"
        elif second and {first, second} in ({"north", "south"}, {"east", "west"}):
            continue
        elif second == first:
            reading = first
        else:
            reading = f"{first}-{second}" if second else first
        named = _THOROUGHFARE.match(low, end) is not None
        found.append(Mention(start, end, (reading,), FOREIGN if named else TYPED))
    for match in _ABBREVIATED.finditer(text):
        start, end = match.span()
        if start and (text[start - 1].isalnum() or text[start - 1] in "'.&"):
            continue
        if match["one"]:
            alone = start == 0 and text[end : end + 2] in ("", ".", "!", " (", "\n")
            if not alone and not low[max(0, start - 12) : start].endswith(_BEFORE_LETTER):
                continue
            reading = _SHORT[match["one"].lower()]
        else:
            reading = f"{_SHORT[match['ns'].lower()]}-{_SHORT[match['ew'].lower()]}"
        found.append(Mention(start, end, (reading,), TYPED))
    return sorted(found)


# --- words of a closed class -----------------------------------------------------------------------------------------


def _lexicon(**terms: str) -> dict[str, tuple[str, ...]]:
    """Written form → the terms it may stand for, from ``term="form form two_words"``."""
    forms: dict[str, tuple[str, ...]] = {}
    for term, words in terms.items():
        for word in words.split():
            form = word.replace("_", " ")
            forms[form] = (*forms.get(form, ()), term.replace("_", " "))
    return forms


def _alternation(forms: Mapping[str, tuple[str, ...]]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(re.escape(form).replace(r"\ ", "[ -]") for form in longest_first) + ")(?![a-z])")


COLOURS: Mapping[str, tuple[str, ...]] = _lexicon(
    red="red reddish crimson scarlet maroon ruby vermilion cherry_red burgundy brick_red",
    orange="orange orangish amber tangerine",
    yellow="yellow yellowish golden_yellow mustard",
    green="green greenish olive lime_green lime emerald forest_green khaki",
    blue="blue bluish navy navy_blue azure cobalt royal_blue sky_blue indigo",
    purple="purple purplish violet lilac lavender mauve plum magenta indigo",
    pink="pink pinkish magenta fuchsia salmon hot_pink",
    brown="brown brownish tan chestnut chocolate_brown bronze",
    black="black blackish jet_black",
    white="white whitish off_white ivory cream",
    grey="grey gray greyish grayish charcoal_grey charcoal_gray slate",
    gray="gray grey",
    beige="beige cream tan",
    turquoise="turquoise teal aqua",
    teal="teal turquoise",
    cyan="cyan aqua",
    gold="gold golden",
    silver="silver silvery",
    navy="navy navy_blue",
)
WEATHER: Mapping[str, tuple[str, ...]] = _lexicon(
    sunny="sunny sunshine sun clear_skies clear_sky clear_and_sunny blue_skies cloudless",
    cloudy="cloudy overcast clouds cloud cloud_cover clouded partly_sunny partly_cloudy mostly_cloudy grey_skies gray_skies",
    rain="rain rainy raining rains rained showers shower showery drizzle drizzly wet rainfall rainstorm downpour",
    thunderstorm="thunderstorm thunderstorms thunder_storm thunder_storms thunder thundery thundery_showers lightning stormy "
    "storm storms thunder_and_lightning electrical_storm thundershowers",
    snow="snow snowy snowing snowfall snowed snows flurries blizzard snowstorm snow_showers snow_shower snow_storm",
    fog="fog foggy mist misty haze hazy fog_patches",
    hail="hail sleet hailstorm",
    windy="windy gales gale breezy",
)
_CLEAR = re.compile(
    r"(?:(?:weather|forecast|conditions?|skies|sky|be|is|was|shows?|says?|:)(?: (?:is|was|are|as|be|mostly|will be))? |^)clear"
    r"(?=[.,;!]|$| \(| (?:and|weather|conditions|but|in|on|with|for|while|whereas|according)\b)"
)
ALLERGENS: Mapping[str, tuple[str, ...]] = _lexicon(
    penicillin="penicillin penicillins pcn penicillin_g",
    amoxicillin="amoxicillin amoxycillin",
    latex="latex natural_rubber natural_rubber_latex rubber_latex",
    peanuts="peanut peanuts groundnut groundnuts",
    tree_nuts="tree_nut tree_nuts almonds almond walnuts walnut cashews cashew hazelnuts hazelnut pistachios",
    nuts="nuts nut",
    aspirin="aspirin acetylsalicylic_acid asa",
    ibuprofen="ibuprofen advil nurofen",
    codeine="codeine",
    morphine="morphine",
    sulfa_drugs="sulfa sulfa_drugs sulpha sulfonamide sulfonamides sulphonamides sulfa_drug sulfamethoxazole",
    iodine="iodine iodinated_contrast iodine_contrast contrast_dye contrast_media povidone-iodine",
    shellfish="shellfish shrimp shrimps prawns prawn crustaceans crab lobster",
    fish="fish",
    eggs="egg eggs",
    milk="milk dairy cow's_milk lactose",
    soy="soy soya soybeans",
    wheat="wheat gluten",
    sesame="sesame",
    bee_stings="bee_sting bee_stings bee_venom bees",
    wasp_stings="wasp_sting wasp_stings wasps",
    pollen="pollen grass_pollen",
    dust_mites="dust_mite dust_mites dust house_dust",
    nickel="nickel",
    cats="cats cat_dander cat cat_hair",
    strawberries="strawberry strawberries",
    kiwi="kiwi kiwifruit",
    tetracycline="tetracycline tetracyclines doxycycline",
    cephalosporins="cephalosporin cephalosporins cephalexin",
    erythromycin="erythromycin",
    vancomycin="vancomycin",
    paracetamol="paracetamol acetaminophen",
    naproxen="naproxen",
    insulin="insulin",
    adhesive_tape="adhesive_tape adhesive plasters",
    mould="mould mold",
)

_COLOUR_RE, _WEATHER_RE, _ALLERGEN_RE = _alternation(COLOURS), _alternation(WEATHER), _alternation(ALLERGENS)


def _words(text: str, pattern: re.Pattern[str], forms: Mapping[str, tuple[str, ...]]) -> list[Mention]:
    found: list[Mention] = []
    for match in pattern.finditer(text):
        start = match.start()
        if start and text[start - 1].isalpha():
            continue
        form = match[0].replace("-", " ") if match[0] not in forms else match[0]
        terms = forms[form]
        readings = terms if form in terms else (*terms, form)
        found.append(Mention(start, match.end(), readings, TYPED))
    return found


def colour(text: str) -> list[Mention]:
    """Basic colour terms and common shades; a compound such as *blue-green* reads as itself, not as its parts."""
    found = _words(text, _COLOUR_RE, COLOURS)
    merged: list[Mention] = []
    for mention in found:
        if merged and text[merged[-1].end : mention.start] == "-":
            last = merged.pop()
            mention = Mention(last.start, mention.end, (text[last.start : mention.end],), TYPED)
        merged.append(mention)
    return merged


def weather(text: str) -> list[Mention]:
    """Six kinds of weather by their usual words; *clear* only where it cannot be *clear that*."""
    found = _words(text, _WEATHER_RE, WEATHER)
    if "clear" in text:
        found += [Mention(m.end() - 5, m.end(), ("sunny", "clear"), TYPED) for m in _CLEAR.finditer(text)]
        found.sort()
    return found


def allergen(text: str) -> list[Mention]:
    """Substances that charts commonly name."""
    return _words(text, _ALLERGEN_RE, ALLERGENS)


CASED: dict[str, Callable[[str], list[Mention]]] = {"blood_group": blood_group, "direction": direction}
"""Readers that need the letter case of the text."""
READERS: dict[str, Callable[[str], list[Mention]]] = {"colour": colour, "weather": weather, "allergen": allergen}
