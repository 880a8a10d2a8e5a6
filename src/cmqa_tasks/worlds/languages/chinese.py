"""Chinese (simplified) written forms of every kind of value."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.worlds.languages.tables import by_code, from_table, with_minus

_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_FULL_WIDTH = {ord("0") + n: ord("０") + n for n in range(10)} | {ord("."): "．", ord("%"): "％", ord(":"): "："}
_CURRENCIES = {"USD": ("$", "美元", "美分"), "EUR": ("€", "欧元", "欧分"), "GBP": ("£", "英镑", "便士")}
_COLOURS = {
    "red": ("红色", "大红色", "鲜红色"),
    "orange": ("橙色", "橘色", "橙黄色"),
    "yellow": ("黄色", "明黄色"),
    "green": ("绿色", "翠绿色"),
    "blue": ("蓝色", "宝蓝色", "深蓝色"),
    "purple": ("紫色", "紫罗兰色"),
    "pink": ("粉色", "粉红色"),
    "brown": ("棕色", "褐色", "咖啡色"),
    "black": ("黑色",),
    "white": ("白色",),
    "grey": ("灰色",),
}
_WEATHER = {
    "sunny": ("晴", "晴天", "晴朗", "阳光明媚"),
    "cloudy": ("多云", "阴天", "阴", "云层密布"),
    "rain": ("雨", "下雨", "阵雨", "雨天"),
    "thunderstorm": ("雷雨", "雷阵雨", "雷暴", "打雷下雨"),
    "snow": ("雪", "下雪", "降雪", "雪天"),
    "fog": ("雾", "大雾", "有雾", "雾天"),
}
_ALLERGENS = {
    "penicillin": ("青霉素", "盘尼西林"),
    "latex": ("乳胶", "天然乳胶"),
    "peanuts": ("花生",),
    "aspirin": ("阿司匹林",),
    "codeine": ("可待因",),
    "shellfish": ("贝类", "贝类海鲜", "带壳海鲜", "甲壳类"),
    "iodine": ("碘", "碘剂"),
    "eggs": ("鸡蛋", "蛋类"),
    "ibuprofen": ("布洛芬",),
    "sulfa drugs": ("磺胺类药物", "磺胺", "磺胺药"),
}
_DISTANCE_UNITS = {"km": ("公里", "千米"), "m": ("米", "公尺"), "mi": ("英里", "哩")}
_DOSE_UNITS = {"mg": "毫克", "g": "克", "mcg": "微克", "ml": "毫升"}
_POINTS = {
    "north": "北",
    "north-east": "东北",
    "east": "东",
    "south-east": "东南",
    "south": "南",
    "south-west": "西南",
    "west": "西",
    "north-west": "西北",
}
_WEEKDAYS = "一二三四五六日"
_CJK = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
_BESIDE_CJK = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")


def tidy(text: str) -> str:
    """A passage without the white space that folded template lines leave: none beside Chinese characters, else one blank."""
    return " ".join(_BESIDE_CJK.sub("", text).split())


def cardinal(number: int) -> str:
    """A non-negative integer below a hundred million in characters: ``一万二千四百五十``.

    Raises:
        ValueError: the number is outside this range.
    """
    if not 0 <= number < 100_000_000:
        raise ValueError(f"{number} is not spelled out here (0 to 99,999,999)")
    if number < 10_000:
        return _below_ten_thousand(number)
    wan, rest = divmod(number, 10_000)
    joined = "" if rest == 0 else ("零" if rest < 1000 else "") + _below_ten_thousand(rest, inside=True)
    return f"{_below_ten_thousand(wan)}万{joined}"


def _below_ten_thousand(number: int, *, inside: bool = False) -> str:
    """A part of a number; only the leading ten of a whole number is written without its one (十二, but 一百一十二)."""
    if number == 0:
        return "零"
    digits = [int(digit) for digit in str(number)]
    written, gap = "", False
    for power, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit == 0:
            gap = True
            continue
        written += ("零" if gap and written else "") + _DIGITS[digit] + _UNITS[power]
        gap = False
    return written[1:] if written.startswith("一十") and not inside else written


def counted(number: int) -> str:
    """A number as it stands before a measure word: ``两`` for two, ``两百``, ``两千`` and ``两万`` for their hundreds and up."""
    if number == 2:
        return "两"
    return re.sub("^二(?=[百千万])|(?<=万)二(?=千)", "两", cardinal(number))


def decimal(number: Decimal) -> str:
    """A decimal number in characters: ``二点四``."""
    whole, _, fraction = _plain(number).partition(".")
    return cardinal(int(whole)) + ("点" + "".join(_DIGITS[int(digit)] for digit in fraction) if fraction else "")


def weekday(canonical: str) -> str:
    """The weekday of an ISO date: ``星期三``."""
    return f"星期{_WEEKDAYS[datetime.date.fromisoformat(canonical).weekday()]}"


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _wide(text: str) -> str:
    return text.translate(_FULL_WIDTH)


def _money(canonical: str) -> Mapping[str, str]:
    amount_text, code = canonical.split()
    amount = Decimal(amount_text)
    if code not in _CURRENCIES or amount >= 100_000_000:
        return by_code(amount_text, code, grouped=False)
    sign, unit, hundredth = _CURRENCIES[code]
    whole, cents = divmod(int(amount * 100), 100)
    figures = f"{amount:.2f}"
    return {
        "figures": f"{figures}{unit}",
        "symbol": f"{sign}{amount:,.2f}",
        "mixed": f"{whole}{unit}" + (f"{cents}{hundredth}" if cents else ""),
        "words": f"{counted(whole)}{unit}" + (f"{counted(cents)}{hundredth}" if cents else ""),
        "wide": f"{_wide(figures)}{unit}",
        "code": f"{figures} {code}",
        "bare": figures,
    }


def _count(canonical: str) -> Mapping[str, str]:
    number = int(canonical)
    forms = {"figures": canonical, "grouped": f"{number:,}", "words": cardinal(number), "counted": counted(number)}
    if number >= 10_000 and number % 100 == 0:
        forms["wan"] = f"{_plain(Decimal(number) / 10_000)}万"
    return forms | {"wide": _wide(canonical)}


def _percent(canonical: str) -> Mapping[str, str]:
    number = Decimal(canonical)
    forms = {"sign": f"{_plain(number)}%", "words": f"百分之{decimal(number)}", "mixed": f"百分之{_plain(number)}"}
    if number % 5 == 0 and 0 < number < 100:
        tenths, half = divmod(int(number), 10)
        ending = f"成{'五' if half else ''}"
        forms["tenths"] = f"{counted(tenths)}{ending}" if tenths else "半成"
        forms["tenths_plain"] = f"{cardinal(tenths)}{ending}" if tenths else "半成"
    return forms | {"wide": _wide(forms["sign"])}


def _rating(canonical: str) -> Mapping[str, str]:
    number = Decimal(canonical)
    plain, whole, half = _plain(number), counted(int(number)), number != int(number)
    return {
        "stars": f"{plain}星",
        "words": f"{whole}星{'半' if half else ''}",
        "counted": f"{whole}颗{'半' if half else ''}星",
        "figures": f"{plain}颗星",
        "slash": f"{plain}/5",
        "points": f"{plain}分",
        "point_words": f"{decimal(number)}分",
        "decimal_stars": f"{decimal(number)}星",
        "wide": f"{_wide(plain)}星",
        "bare": plain,
        "bare_words": decimal(number),
    }


def _level(canonical: str) -> Mapping[str, str]:
    number = int(canonical)
    return {
        "points": f"{number}分",
        "words": f"{counted(number)}分",
        "slash": f"{number}/10",
        "out_of": f"10分中的{number}分",
        "wide": f"{_wide(canonical)}分",
        "bare": canonical,
        "bare_words": cardinal(number),
    }


def _rate(canonical: str) -> Mapping[str, str]:
    number = int(canonical)
    return {
        "slash": f"{number}次/分",
        "figures": f"每分钟{number}次",
        "words": f"每分钟{cardinal(number)}次",
        "beats": f"每分钟跳{number}下",
        "beat_words": f"一分钟{cardinal(number)}下",
        "bpm": f"{number} bpm",
        "wide": f"{_wide(canonical)}次/分",
        "bare": canonical,
        "bare_words": cardinal(number),
    }


def _distance(canonical: str) -> Mapping[str, str]:
    figures, unit = canonical.split()
    number = Decimal(figures)
    common, other = _DISTANCE_UNITS[unit]
    forms = {
        "figures": f"{_plain(number)}{common}",
        "other": f"{_plain(number)}{other}",
        "short": f"{_plain(number)} {unit}",
        "words": f"{decimal(number)}{common}",
        "wide": f"{_wide(_plain(number))}{common}",
    }
    if unit == "km":
        forms["metres"] = f"{int(number * 1000)}米"
        forms["metre_words"] = f"{counted(int(number * 1000))}米"
    return forms


def _dose(canonical: str) -> Mapping[str, str]:
    figures, unit = canonical.split()
    number = Decimal(figures)
    return {
        "figures": f"{_plain(number)}{_DOSE_UNITS[unit]}",
        "short": f"{_plain(number)} {unit}",
        "tight": f"{_plain(number)}{unit}",
        "words": f"{decimal(number)}{_DOSE_UNITS[unit]}",
        "counted": f"{counted(int(number)) if number == int(number) else decimal(number)}{_DOSE_UNITS[unit]}",
        "wide": f"{_wide(_plain(number))}{_DOSE_UNITS[unit]}",
    }


_WEIGHT_UNITS = {"kg": "公斤", "g": "克", "mg": "毫克", "t": "吨", "lb": "磅", "oz": "盎司"}


def _weight(canonical: str) -> Mapping[str, str]:
    figures, unit = canonical.split()
    return {
        "figures": f"{figures}{_WEIGHT_UNITS[unit]}",
        "short": canonical,
        "words": f"{decimal(Decimal(figures))}{_WEIGHT_UNITS[unit]}",
    }


def _number(canonical: str) -> Mapping[str, str]:
    return {"figures": canonical, "words": decimal(Decimal(canonical))}


def _temperature(canonical: str) -> Mapping[str, str]:
    figures, scale = canonical.split()
    name = {"C": "摄氏度", "F": "华氏度"}[scale]
    return {"figures": f"{figures}{name}", "short": f"{figures} °{scale}", "words": f"{decimal(Decimal(figures))}{name}"}


_RANGE_UNITS = {
    **_WEIGHT_UNITS,
    **_DOSE_UNITS,
    "km": "公里",
    "m": "米",
    "mi": "英里",
    "C": "摄氏度",
    "F": "华氏度",
    "percent": "%",
}


def _range(canonical: str) -> Mapping[str, str]:
    low, _, behind = canonical.partition(" to ")
    high, *units = behind.split()
    unit = "".join(_RANGE_UNITS[unit] for unit in units)
    return {"to": f"{low}至{high}{unit}", "between": f"{low}到{high}{unit}之间"}


def _date(canonical: str) -> Mapping[str, str]:
    day = datetime.date.fromisoformat(canonical)
    short = f"{day.month}月{day.day}日"
    words = f"{cardinal(day.month)}月{cardinal(day.day)}"
    year = "".join("〇一二三四五六七八九"[int(digit)] for digit in str(day.year))
    return {
        "full": f"{day.year}年{short}",
        "short": short,
        "words": f"{words}日",
        "spoken": f"{words}号",
        "mixed": f"{day.month}月{day.day}号",
        "formal": f"{year}年{words}日",
        "wide": _wide(short),
        "iso": canonical,
    }


def _half_day(hour: int) -> str:
    names = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
    return next(name for end, name in names if hour < end)


def _time(canonical: str) -> Mapping[str, str]:
    moment = datetime.time.fromisoformat(canonical)
    part, hour, minute = _half_day(moment.hour), moment.hour % 12 or 12, moment.minute
    wide_part = "上午" if moment.hour < 12 else "下午"
    hours, minutes = counted(hour), cardinal(minute) if minute >= 10 else f"零{cardinal(minute)}"
    forms = {
        "clock": f"{part}{hour}:{minute:02d}",
        "figures": f"{part}{hour}点" + (f"{minute:02d}分" if minute else ""),
        "words": f"{part}{hours}点" + (f"{minutes}分" if minute else ""),
        "iso": canonical,
        "wide": f"{part}{_wide(f'{hour}:{minute:02d}')}",
        "half_day": f"{wide_part}{hour}:{minute:02d}",
        "military": f"{moment.hour}点" + (f"{minute:02d}分" if minute else ""),
    }
    ending = {0: "整", 15: "一刻", 30: "半", 45: "三刻"}.get(minute)
    return forms | ({"spoken": f"{part}{hours}点{ending}"} if ending else {})


def _score(canonical: str) -> Mapping[str, str]:
    home, away = (int(goals) for goals in canonical.split("-"))
    return {
        "to": f"{home}比{away}",
        "colon": f"{home}:{away}",
        "words": f"{cardinal(home)}比{cardinal(away)}",
        "hyphen": canonical,
        "dash": f"{home}–{away}",
        "wide": _wide(f"{home}:{away}"),
    }


def _blood_group(canonical: str) -> Mapping[str, str]:
    letters, sign = canonical[:-1], canonical[-1]
    if letters not in {"O", "A", "B", "AB"}:
        raise ValueError(f"{letters!r} is not an ABO group")
    word, glyph = {"+": ("阳性", "+"), "-": ("阴性", "−")}[sign]
    return {
        "chart": f"{letters}型Rh{word}",
        "words": f"{letters}型{word}",
        "rhesus": f"{letters}型，Rh{word}",
        "first": f"Rh{word}{letters}型",
        "sign": f"{letters}{glyph}",
        "hyphen": canonical,
    }


def _direction(canonical: str) -> Mapping[str, str]:
    point = _POINTS[canonical]
    exact = f"正{point}" if len(point) == 1 else point
    return {
        "way": f"{point}方",
        "bearing": f"{exact}方向",
        "exact": exact,
        "side": f"{point}边",
        "face": f"{point}面",
        "part": f"{point}侧",
        "word": point,
    }


FORMS: Mapping[Kind, Callable[[str], Mapping[str, str]]] = {
    "money": _money,
    "count": _count,
    "percent": with_minus(_percent, "-", "负"),
    "rating": _rating,
    "level": _level,
    "rate": _rate,
    "distance": _distance,
    "dose": _dose,
    "date": _date,
    "time": _time,
    "score": _score,
    "blood_group": _blood_group,
    "direction": _direction,
    "colour": from_table(_COLOURS),
    "weather": from_table(_WEATHER),
    "allergen": from_table(_ALLERGENS),
    "name": lambda canonical: {"name": canonical},
    "year": lambda canonical: {"year": f"{canonical.replace('-', '公元前')}年", "bare": canonical},
    "number": with_minus(_number, "-", "负"),
    "temperature": with_minus(_temperature, "零下", "零下"),
    "weight": _weight,
    "range": _range,
    "yes_no": lambda canonical: {"word": "是", "long": "是的"} if canonical == "yes" else {"word": "否", "long": "不是"},
}
"""Per kind, the written forms of a canonical value by name; the first is how it is shown by default."""
