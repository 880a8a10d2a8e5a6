"""Chinese readers of the kinds whose values are words: blood group, direction, colour, weather, allergen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention
from cmqa_tasks.reading.numbers_zh import is_han
from cmqa_tasks.reading.spans import clear_of

# --- blood groups ----------------------------------------------------------------------------------------------------

_FACTOR = r"(?:rh|恒河猴)(?:血型|因子)?(?: ?\(? ?d ?\)?)?(?:抗原|血型|因子)?(?:检测)?(?:结果)?(?:为|是|呈|:)? ?[(\"]?"
_SIGN = r"阳性?|阴性?|\+|-|positive|negative|pos|neg"
_GAP = r"[ ,，、;(\"]{0,3}(?:血型?)?[ ,，、;(\"]{0,3}(?:且|并且|同时|和|为|是)?"
_BLOOD = re.compile(
    rf"(?<![a-z0-9])(?P<abo>ab|[abo]|0(?= ?型)) ?(?:(?P<type>型)(?![流肝超号])|(?=[ ,，(]{{0,2}}rh)|(?=阳|阴))"
    rf"(?:{_GAP}(?:{_FACTOR})(?P<rh>{_SIGN})|(?:血型?)? ?\(?(?P<sign>{_SIGN}))?",
    re.IGNORECASE,
)
_RH_FIRST = re.compile(
    rf"{_FACTOR}(?P<rh>{_SIGN})\)?[\")]?(?:的|、|,|，| )*(?P<abo>(?<![a-z])(?:ab|[abo]))(?![a-z]) ?型?",
    re.IGNORECASE,
)


def _rhesus(written: str) -> str:
    return "+" if written.lower()[0] in "阳+p" else "-"


def blood_group(cased: str) -> list[Mention]:
    """ABO groups with their rhesus sign: *O型Rh阳性*, *Rh阴性AB型*, *O型阳性*; without it the letters alone."""
    found: list[Mention] = []
    for match in _RH_FIRST.finditer(cased):
        reading = match["abo"].upper() + _rhesus(match["rh"])
        found.append(Mention(match.start(), match.end(), (reading,), TYPED))
    first = list(found)
    for match in _BLOOD.finditer(cased):
        sign = match["rh"] or match["sign"]
        letters = match["abo"].upper().replace("0", "O")
        if sign:
            found.append(Mention(match.start(), match.end(), (letters + _rhesus(sign),), TYPED))
        elif match["type"]:
            found.append(Mention(match.start(), match.end(), (letters,), BARE))
    return sorted([*first, *clear_of(found[len(first) :], first)])


# --- directions ------------------------------------------------------------------------------------------------------

_POINTS = {"北": "north", "南": "south", "东": "east", "西": "west"}
_POINT = re.compile(
    r"(?P<lead>正|偏)?(?P<a>[东南西北])(?P<b>[东南西北])?(?:偏(?P<c>[东南西北])|(?P<by>[东南西北]))?"
    r"(?P<tail>方向|方位|方|边|面|侧|部|向|端|角|偏)?"
)
_TOWARDS = re.compile(r"(?:[朝向往以是为在于偏自从示写说选答:]|指|位|面|之|一路|\"|\() ?$")
_THOROUGHFARE = re.compile(
    r"(?:大?街|大?道|路|门|站|桥|巷|广场|公园|区|城|湾|岸|山|湖|河|海|关|院|馆|学|交|亚|洲|极|村|镇|市|县|港|隧道|楼|口|坡)"
)
_STANDS = frozenset('。，,.;!?、)"\n而的不是为和与或但还在 (:]了呢吧啊走行进开看去出')


def direction(cased: str) -> list[Mention]:
    """Eight compass points: *东北*, *正北*, *西南方向*, *朝南*; none inside a name (*北京*, *东西*)."""
    found: list[Mention] = []
    for match in _POINT.finditer(cased):
        start, end = match.span()
        first, second, tail = match["a"], match["b"], match["tail"]
        third = match["c"] or match["by"]
        before, after = cased[start - 1 : start], cased[end : end + 1]
        if second and {first, second} in ({"东", "西"}, {"南", "北"}):
            continue
        if second == first:
            continue
        if second:
            vertical, other = (first, second) if first in "南北" else (second, first)
            reading = f"{_POINTS[vertical]}-{_POINTS[other]}"
        else:
            reading = _POINTS[first]
        if third:
            reading += f"-{_POINTS[third]}"
        elif tail == "偏":
            continue
        if not tail and _THOROUGHFARE.match(cased, end):
            if not is_han(before) or before in "在到沿":
                found.append(Mention(start, end, (reading,), FOREIGN))
            continue
        if tail in ("部", "端", "侧", "边", "面") and cased[end : end + 1] in ("门", "站"):
            continue
        alone = not is_han(before) or (not match["lead"] and _TOWARDS.search(cased, max(0, start - 3), start) is not None)
        if second:
            clear = bool(tail) or match["lead"] is not None or not is_han(after) or after in _STANDS or alone
        elif tail or match["lead"] == "正":
            clear = True
        else:
            clear = alone and (not after or after in _STANDS or not is_han(after))
        if clear:
            found.append(Mention(start, end, (reading,), TYPED))
    return found


# --- words of a closed class -----------------------------------------------------------------------------------------


def _lexicon(**terms: str) -> dict[str, tuple[str, ...]]:
    forms: dict[str, tuple[str, ...]] = {}
    for term, words in terms.items():
        for word in words.split():
            forms[word] = (*forms.get(word, ()), term.replace("_", " "))
    return forms


def _alternation(forms: Mapping[str, tuple[str, ...]]) -> str:
    return "|".join(sorted(map(re.escape, forms), key=len, reverse=True))


COLOURS: Mapping[str, tuple[str, ...]] = _lexicon(
    red="红 大红 鲜红 深红 暗红 朱红 绯红 猩红 枣红 酒红 砖红 火红 正红 中国红 赤 浅红 淡红 亮红 艳红 樱桃红 紫红",
    orange="橙 橘 橙黄 橘黄 桔 桔黄 桔红 橘红 橙红 琥珀 深橙 亮橙",
    yellow="黄 明黄 金黄 柠檬黄 鹅黄 浅黄 淡黄 亮黄 深黄 嫩黄 鲜黄 芥末黄 土黄 姜黄",
    green="绿 翠绿 深绿 墨绿 浅绿 草绿 嫩绿 果绿 橄榄绿 军绿 淡绿 亮绿 碧绿 森林绿 鲜绿 翡翠绿 暗绿 祖母绿 苹果绿",
    blue="蓝 宝蓝 深蓝 藏蓝 天蓝 海军蓝 浅蓝 淡蓝 宝石蓝 湖蓝 蔚蓝 亮蓝 暗蓝 海蓝 皇家蓝 靛蓝 藏青 钴蓝 天空蓝 海洋蓝 孔雀蓝 "
    "牛仔蓝",
    purple="紫 紫罗兰 深紫 浅紫 淡紫 薰衣草 暗紫 亮紫 紫红 葡萄紫 丁香紫 靛蓝 靛",
    pink="粉 粉红 桃红 浅粉 淡粉 玫红 玫瑰红 嫩粉 亮粉 玫瑰粉 桃粉 洋红 品红 樱花粉",
    brown="棕 褐 咖啡 深棕 浅棕 棕褐 茶 栗 巧克力 深褐 浅褐 咖 红棕 黄褐 驼 焦糖 赭 古铜 黄棕",
    black="黑 纯黑 漆黑 乌黑 墨黑 炭黑 曜石黑 深黑 亮黑",
    white="白 纯白 乳白 雪白 米白 象牙白 洁白 奶白 亮白 珍珠白 象牙",
    grey="灰 深灰 浅灰 银灰 淡灰 炭灰 暗灰 石板灰 铁灰",
    gray="灰 深灰 浅灰 银灰 淡灰 炭灰 暗灰 石板灰 铁灰",
    beige="米 米黄 米白 杏 卡其 驼",
    turquoise="青绿 绿松石 蓝绿 青 碧绿 松石绿",
    teal="蓝绿 青绿 水鸭 凫绿 青",
    cyan="青 青蓝 水蓝",
    gold="金 金黄 香槟金",
    silver="银 银白",
    navy="深蓝 藏蓝 海军蓝 藏青",
)
_COLOUR_CHARS = "红橙橘黄绿蓝紫粉棕褐黑白灰青"
_SHADES = _alternation({form: terms for form, terms in COLOURS.items() if len(form) > 1 and form != "巧克力"})
_COLOUR = re.compile(
    rf"(?P<long>{_SHADES})(?:颜?色(?:系)?)?"
    rf"|(?P<compound>[{_COLOUR_CHARS}]{{2}})色"
    rf"|(?P<coloured>[赤桔米金银茶栗杏咖靛驼赭卡其{_COLOUR_CHARS}]|巧克力)颜?色"
    rf"|(?P<short>[{_COLOUR_CHARS}])(?:的|(?=$|[^\u3400-\u9fff]|[和与或而、还及但不]))"
)
_NOT_COLOUR_BEFORE = {"白": "明坦空表告辩独洁留李", "黑": "抹漆", "青": "年丹", "粉": "面奶米花", "红": "网分走", "灰": "石烟"}
_THINGS = frozenset(["琥珀", "紫罗兰", "薰衣草", "咖啡", "象牙", "焦糖", "古铜", "绿松石", "水鸭", "卡其", "祖母绿", "中国红"])
"""Shades that are things as well: colours only with *色* behind them, or as the whole answer."""
_BEFORE_SHORT = frozenset("是为呈选色用穿款刷的成有写说示作即非有和与或而还及")


def colour(low: str) -> list[Mention]:
    """Basic colour terms and common shades; a compound such as *黄绿色* reads as itself, not as its parts."""
    found: list[Mention] = []
    for match in _COLOUR.finditer(low):
        start, end = match.span()
        before = low[start - 1 : start]
        if match["long"]:
            form = match["long"]
            if form in _THINGS and not match[0].endswith("色") and end - start < len(low.strip(" 。.!")):
                continue
        elif match["compound"]:
            form = match["compound"]
        elif match["coloured"]:
            form = match["coloured"]
        else:
            form = match["short"]
            bare = not match[0].endswith("的")
            if before in (_NOT_COLOUR_BEFORE.get(form) or "~") and before:
                continue
            if bare and is_han(before) and before not in _BEFORE_SHORT:
                continue
        terms = COLOURS.get(form, ())
        found.append(Mention(start, end, (*terms, form), TYPED))
    return found


WEATHER: Mapping[str, tuple[str, ...]] = _lexicon(
    sunny="晴 晴天 晴朗 阳光明媚 阳光灿烂 阳光普照 阳光充足 天晴 大晴天 晴空万里 晴空 "
    "艳阳高照 艳阳天 出太阳 放晴 转晴 太阳 阳光 万里无云",
    cloudy="多云 阴天 阴 云层密布 阴云密布 阴云 乌云密布 乌云 阴沉 少云 云量较多 晴间多云 多云间晴 转阴 有云",
    rain="雨 下雨 阵雨 雨天 小雨 中雨 大雨 暴雨 毛毛雨 降雨 有雨 细雨 雨水 大暴雨 连绵阴雨 阴雨 "
    "小到中雨 中到大雨 绵绵细雨 下着雨 降水 落雨",
    thunderstorm="雷雨 雷阵雨 雷暴 打雷下雨 雷电 打雷 雷暴雨 雷雨天 雷电交加 雷暴天气 暴风雨 雷雨大风 电闪雷鸣 强雷雨",
    snow="雪 下雪 降雪 雪天 小雪 中雪 大雪 暴雪 阵雪 暴风雪 有雪 飘雪 下着雪 落雪",
    fog="雾 大雾 有雾 雾天 浓雾 薄雾 雾气 起雾 雾霾 霾 轻雾 多雾 下雾",
    hail="冰雹 雹 雨夹雪",
    windy="大风 刮风 有风 刮大风",
)
_WEATHER = re.compile(_alternation(WEATHER))
_WEATHER_CHAR_AFTER = {
    "雨": "伞衣鞋靴具季林刷棚篷披花果夹",
    "雪": "山糕碧茄橇地人花松豹纺莲",
    "阴": "性影历凉谋阳部道唇茎暗极",
    "雾": "灯化里",
}
_WEATHER_CHAR_BEFORE = {"阴": "光寸树", "雨": "谷风", "雪": "滑白", "晴": "放转", "雾": "喷"}


def weather(low: str) -> list[Mention]:
    """Six kinds of weather by their usual words; *雷阵雨* is a thunderstorm, *雨伞* is none."""
    found: list[Mention] = []
    for match in _WEATHER.finditer(low):
        form, (start, end) = match[0], match.span()
        after, before = low[end : end + 1] or "~", low[start - 1 : start] or "~"
        if form in ("太阳", "阳光"):
            if after in "能镜伞房系集团城板帽":
                continue
        elif after in _WEATHER_CHAR_AFTER.get(form[-1], "") or (len(form) == 1 and before in _WEATHER_CHAR_BEFORE.get(form, "")):
            continue
        terms = WEATHER[form]
        found.append(Mention(start, end, (*terms, form), TYPED))
    return found


ALLERGENS: Mapping[str, tuple[str, ...]] = _lexicon(
    penicillin="青霉素 盘尼西林 青霉素类 青霉素g 青霉素类药物 青霉素类抗生素",
    amoxicillin="阿莫西林",
    latex="乳胶 天然乳胶 橡胶 天然橡胶 乳胶制品 胶乳",
    peanuts="花生 落花生 花生米 花生制品",
    tree_nuts="树坚果 杏仁 核桃 腰果 榛子 开心果",
    nuts="坚果",
    aspirin="阿司匹林 阿斯匹林 阿斯匹灵 阿司匹灵 乙酰水杨酸",
    ibuprofen="布洛芬 芬必得",
    codeine="可待因 可待英",
    morphine="吗啡",
    sulfa_drugs="磺胺 磺胺类药物 磺胺类 磺胺药 磺胺类药 磺胺药物 磺酰胺 磺胺嘧啶 磺胺甲恶唑",
    iodine="碘 碘剂 碘造影剂 含碘造影剂 碘酒 碘伏 碘类 碘化物 碘对比剂",
    shellfish="贝类 贝类海鲜 甲壳类 虾 蟹 虾蟹 甲壳类海鲜 贝壳类 贝壳类海鲜 甲壳类动物 螃蟹 龙虾 带壳海鲜 贝类水产品 有壳海鲜",
    seafood="海鲜 海产品",
    fish="鱼 鱼类",
    eggs="鸡蛋 蛋类 蛋 鸡蛋类 蛋清 蛋白 禽蛋",
    milk="牛奶 乳制品 奶制品 乳糖 奶类",
    soy="大豆 黄豆 豆制品",
    wheat="小麦 麸质",
    sesame="芝麻",
    bee_stings="蜂毒 蜜蜂",
    pollen="花粉",
    dust_mites="尘螨 粉尘 灰尘",
    nickel="镍",
    cats="猫 猫毛 猫皮屑",
    strawberries="草莓",
    kiwi="猕猴桃 奇异果",
    tetracycline="四环素",
    cephalosporins="头孢 头孢菌素 头孢类",
    erythromycin="红霉素",
    vancomycin="万古霉素",
    paracetamol="对乙酰氨基酚 扑热息痛",
    naproxen="萘普生",
    insulin="胰岛素",
    adhesive_tape="胶布 胶带",
    mould="霉菌",
)
_ALLERGEN = re.compile(_alternation(ALLERGENS))
_SHORT_ALLERGEN = frozenset({"鱼", "蛋", "猫", "虾", "蟹", "碘", "镍", "霉菌", "灰尘"})


def allergen(low: str) -> list[Mention]:
    """Substances that charts commonly name."""
    found: list[Mention] = []
    for match in _ALLERGEN.finditer(low):
        form, (start, end) = match[0], match.span()
        after, before = low[end : end + 1], low[start - 1 : start]
        if form in _SHORT_ALLERGEN and form != "碘" and is_han(after) and after not in "过和或与及、类都也是不而的":
            continue
        if form in ("蛋", "鱼") and is_han(before) and before not in "对是为有和与或及":
            continue
        end += after == "酱"
        terms = ALLERGENS[form]
        found.append(Mention(start, end, (*terms, form), TYPED))
    return found


READERS_ZH: dict[str, Callable[[str], list[Mention]]] = {"colour": colour, "weather": weather, "allergen": allergen}
CASED_ZH: dict[str, Callable[[str], list[Mention]]] = {"blood_group": blood_group, "direction": direction}
