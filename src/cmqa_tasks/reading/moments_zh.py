"""Chinese readers of dates, times of day and scores."""

from __future__ import annotations

import re
from collections.abc import Callable

from cmqa_tasks.reading.mention import BARE, TYPED, Mention
from cmqa_tasks.reading.moments import longest
from cmqa_tasks.reading.numbers_zh import DIGIT, scan_zh, value_of
from cmqa_tasks.reading.quantities_zh import claimed
from cmqa_tasks.reading.spans import clear_of

_N = "零〇一二两三四五六七八九十"
_YEAR = rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}|[{_N}]{{4}}|[{_N}]{{2}}) ?年 ?"
_DATE = re.compile(
    rf"(?:{_YEAR})?(?P<month>(?<![0-9])[0-9]{{1,2}}|十[一二]?|[一二两三四五六七八九正]) ?月(?:份的?)? ?"
    rf"(?P<day>[0-9]{{1,2}}|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九]|初[一二三四五六七八九十]|廿[一二三四五六七八九]?)"
    rf"(?![0-9{_N}.:月]) ?(?P<mark>[日号])?"
)
_DAY = re.compile(
    rf"(?<![0-9{_N}月])(?P<day>[0-9]{{1,2}}|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九]) ?[日号](?![线楼店门])"
)
_POINTED = re.compile(r"(?<=[在于是为自到即])(?P<month>[0-9]{1,2})[.](?P<day>[0-9]{1,2})(?=开|重|举|$|[。，])")
_OTHER_DAY = frozenset("期曜每节假生今明昨当")


def _integer(written: str) -> int:
    if written.isascii():
        return int(written)
    if written == "正":
        return 1
    value = value_of(written.replace("初", "").replace("廿", "二十"))
    return -1 if value is None else int(value)


def _year(written: str | None) -> int | None:
    if written is None:
        return None
    figures = written if written.isascii() else "".join(str(DIGIT.get(char, "")) for char in written)
    return None if len(figures) not in (2, 4) else int(figures) + (2000 if len(figures) == 2 else 0)


def date(low: str) -> list[Mention]:
    """Calendar days with or without their year: *3月3日*, *二〇二六年三月三日*, *13号*."""
    found: list[Mention] = []
    for match in _DATE.finditer(low):
        if low[match.start() - 1 : match.start()] in (*_N, "百", "千"):
            continue
        month, day, year = _integer(match["month"]), _integer(match["day"]), _year(match["year"])
        if 1 <= month <= 12 and 1 <= day <= 31:
            iso = f"--{month:02d}-{day:02d}" if year is None else f"{year:04d}-{month:02d}-{day:02d}"
            found.append(Mention(match.start(), match.end(), (iso,), TYPED))
    if not found:
        for match in _POINTED.finditer(low):
            month, day = int(match["month"]), int(match["day"])
            if 1 <= month <= 12 and 1 <= day <= 31:
                found.append(Mention(match.start(), match.end(), (f"--{month:02d}-{day:02d}",), BARE))
    if not found:
        for match in _DAY.finditer(low):
            day = _integer(match["day"])
            if 1 <= day <= 31 and low[match.start() - 1 : match.start()] not in _OTHER_DAY:
                found.append(Mention(match.start(), match.end(), (f"---{day:02d}",), BARE))
    return found


_PERIODS = (
    "凌晨|清晨|清早|早晨|早上|早间|今早|明早|上午|中午|正午|午间|下午|午后|"
    "傍晚|晚上|晚间|今晚|当晚|夜里|夜间|夜晚|半夜|深夜|午夜|早|晚"
)
_HOUR = r"(?P<h>(?<![0-9.])[0-9]{1,2}|二?十[一二三四五六七八九]?|[零〇一二两三四五六七八九])"
_MINUTE = r"(?P<m>[0-5]?[0-9](?![0-9])|[零〇][一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?|[一二三四五六七八九](?=分))"
_TIME = re.compile(
    rf"(?:(?P<part>{_PERIODS})(?:的|约|大约|是|为|:)? ?)?{_HOUR} ?(?:点钟?|时(?![间候代]))"
    rf" ?(?:(?P<sharp>整)|(?P<half>半)|过?(?P<quarter>[一三13]刻)钟?|(?P<lack>差|欠)(?P<lm>一刻|[0-9]{{1,2}}分"
    rf"|[{_N}]{{1,3}}分)钟?|(?:过|零)?{_MINUTE} ?分?(?!钟|之))?"
)
_CLOCK = re.compile(
    rf"(?:(?P<part>{_PERIODS})(?:的|约|大约|是|为"
    rf"|:)? ?)?(?<![0-9][.:])(?<![0-9])(?P<h>[0-9]{{1,2}}):(?P<m>[0-5][0-9])(?::[0-5][0-9])?(?![0-9])"
    rf"(?: ?\((?P<after>{_PERIODS})\))?"
)
_LACKING = re.compile(
    rf"(?:(?P<part>{_PERIODS})(?:的)? ?)?(?P<lack>差)(?P<lm>一刻|[0-9]{{1,2}}分"
    rf"|[{_N}]{{1,3}}分)钟?(?:就?到)? ?{_HOUR} ?(?:点钟?|时)"
)
_NOON = re.compile(r"(?P<noon>正午)(?![0-9]|十二|12)|(?P<midnight>午夜|子夜)(?![0-9]|十二|零|12)|(?P<bare>中午)(?=[。,，!]?$)")
_NO_CLOCK = re.compile(r"[原建意说内优缺结要信证不共差]")


def _resolved(part: str, hour: int, minute: int, padded: bool) -> tuple[str, ...]:
    """The times that an hour of a part of the day may mean."""
    if hour > 24 or minute > 59:
        return ()
    if not part or hour > 12:
        if 1 <= hour <= 12 and not padded:
            return (f"{hour:02d}:{minute:02d}", f"{(hour + 12) % 24:02d}:{minute:02d}")
        return (f"{hour % 24:02d}:{minute:02d}",)
    if part in ("上午", "早上", "今早", "明早", "早", "早间") and hour == 12:
        return (f"12:{minute:02d}", f"00:{minute:02d}")
    late = part in ("晚上", "晚间", "今晚", "当晚", "夜里", "夜间", "夜晚", "半夜", "深夜", "午夜", "晚", "傍晚")
    if late:
        hour = 0 if hour == 12 else hour + 12 if hour >= 5 else hour
    elif part in ("下午", "午后"):
        hour = hour % 12 + 12
    elif part in ("中午", "正午", "午间"):
        hour = hour + 12 if hour < 10 else hour
    elif hour == 12:
        hour = 0
    return (f"{hour % 24:02d}:{minute:02d}",)


_QUARTERS = {"一刻": 15, "1刻": 15, "三刻": 45, "3刻": 45}


def _minutes(written: str) -> int:
    """Minutes as written before an hour: *一刻*, *五分*."""
    return _QUARTERS.get(written) or _integer(written.rstrip("分"))


def time(low: str) -> list[Mention]:
    """Times of day: *下午3点半*, *15点30分*, *差一刻四点*. Both halves of the day are kept where none is named."""
    found: list[Mention] = []
    if ":" in low:
        for match in _CLOCK.finditer(low):
            part = match["part"] or match["after"]
            if not part:
                continue  # as in English
            padded = len(match["h"]) == 2 and match["h"][0] == "0"
            found.append(Mention(*match.span(), _resolved(part, int(match["h"]), int(match["m"]), padded), TYPED))
    if "点" in low or "时" in low:
        for match in _TIME.finditer(low):
            before = low[match.start() - 1 : match.start()]
            if before in ("第", "百", "千", "小") or (before.isdigit() and before.isascii()):
                continue
            plain = not any(match[name] for name in ("part", "sharp", "half", "quarter", "m", "lack"))
            if plain and _NO_CLOCK.match(low, match.end()):
                continue
            hour, minute = _integer(match["h"]), 0
            if match["half"]:
                minute = 30
            elif match["quarter"]:
                minute = _QUARTERS[match["quarter"]]
            elif match["lack"]:
                hour, minute = (hour - 1 or 12), 60 - _minutes(match["lm"])
            elif match["m"]:
                minute = _integer(match["m"].replace("零", "").replace("〇", "") or "0")
            found.append(Mention(*match.span(), _resolved(match["part"] or "", hour, minute, match["h"].startswith("0")), TYPED))
        if "差" in low:
            for match in _LACKING.finditer(low):
                hour, minute = (_integer(match["h"]) - 1 or 12), 60 - _minutes(match["lm"])
                found.append(Mention(*match.span(), _resolved(match["part"] or "", hour, minute, False), TYPED))
    for match in _NOON.finditer(low):
        found.append(Mention(*match.span(), ("00:00" if match["midnight"] else "12:00",), TYPED))
    return longest([one for one in found if one.readings])


_GOALS = rf"[0-9]{{1,3}}|[{_N}]{{1,3}}"
_SCORE = re.compile(rf"(?<![0-9][.:/])(?<![0-9{_N}])(?P<h>{_GOALS}) ?(?:球|分)? ?比 ?(?P<a>{_GOALS})(?![0-9{_N}%]|\.[0-9])")
_DRAW = re.compile(rf"(?<![0-9][.:/])(?<![0-9{_N}比])(?P<h>{_GOALS}) ?平(?![方均米台行])")


def score(low: str) -> list[Mention]:
    """Home and away goals: *3比1*, *三比一*. The order is the writer's."""
    found: list[Mention] = []
    for match in _SCORE.finditer(low):
        home, away = _integer(match["h"]), _integer(match["a"])
        if home >= 0 and away >= 0:
            found.append(Mention(match.start(), match.end(), (f"{home}-{away}",), TYPED))
    for match in _DRAW.finditer(low):
        goals = _integer(match["h"])
        if goals >= 0:
            found.append(Mention(match.start(), match.end(), (f"{goals}-{goals}",), BARE))
    if "互交白卷" in low:
        at = low.find("互交白卷")
        found.append(Mention(at, at + 4, ("0-0",), TYPED))
    numbers = scan_zh(low)
    if not found:
        counted = [one for one in numbers if one.unit in ("球", "points", "个") and one.values[0] in range(100)]
        if len(counted) == 2 and len(low) < 80:  # 红队3球，蓝队1球
            first, second = counted
            return [Mention(first.start, second.unit_end, (f"{int(first.values[0])}-{int(second.values[0])}",), BARE)]
    found = longest(found)
    return sorted([*found, *map(claimed, clear_of(numbers, found))])


READERS_ZH: dict[str, Callable[[str], list[Mention]]] = {"date": date, "time": time, "score": score}
