"""Units and measure words as Chinese writes them behind a number."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cmqa_tasks.reading.units import KNOWN_UNITS

_SPELLINGS: Mapping[str, str] = {
    "USD": r"块?(?:钱)?(?:美元|美金|美刀)|刀(?![具片叉客锋法])",
    "EUR": r"块?欧元",
    "GBP": r"英镑|镑(?!数)",
    "JPY": r"日元|日圆|円",
    "HKD": r"港元|港币|港圆",
    "AUD": r"澳元|澳币|澳大利亚元",
    "CAD": r"加元|加币|加拿大元",
    "KRW": r"韩元|韩圆|韩币",
    "INR": r"卢比",
    "CHF": r"(?:瑞士)?法郎",
    "TWD": r"新台币|台币",
    "CNY": r"元(?:人民币)?(?![旦素气宵月老件])|圆(?![形圈])|块?(?:钱)?人民币",
    "kuai": r"块钱?(?=$|[^\u3400-\u9fff]|[零一二两三四五六七八九多左是为而和与或但的不])|块钱",
    "usd_cents": r"美分",
    "eur_cents": r"欧分",
    "pence": r"便士",
    "jiao": r"角(?![度落色])|毛(?![巾衣毯病笔])",
    "percent": r"%|个?百分点",
    "tenths": r"成(?![立为功员本果分熟年就人交])",
    "stars": r"(?:颗|个)?星级?(?![期球座辰河光空])",
    "bpm": r"(?:次|下|跳|拍)(?:/|每|\(每)分钟?|(?:次|下|跳|拍)/ ?min|bpm(?![a-z])",
    "minutes": r"分钟",
    "seconds": r"秒钟?",
    "hours": r"个?(?:半?小时|钟头)",
    "days": r"天|日(?![元圆])",
    "weeks": r"周(?![围边])|个?(?:星期|礼拜)",
    "months": r"个?月",
    "years": r"年|岁",
    "points": r"分(?![钟之别析类歧布享])",
    "km": r"公里|千米",
    "cm": r"厘米|公分",
    "mm": r"毫米",
    "m": r"米(?![饭粒色黄其])|公尺",
    "mi": r"英里|哩",
    "ft": r"英尺|英呎",
    "yd": r"码(?!头)",
    "mg": r"毫克",
    "mcg": r"微克",
    "kg": r"公斤|千克",
    "g": r"克(?!拉)",
    "ml": r"毫升",
    "l": r"公升|升(?![级至到高降温起])",
    "degrees": r"摄氏度|度",
    "clock": r"点钟?(?![原建意说内优缺结要信证不])|时(?![间候代])",
}
UNIT_WORDS = re.compile("|".join(f"(?P<{unit}>{pattern})" for unit, pattern in _SPELLINGS.items()))
"""The unit behind a number; the name of the group is its canonical name."""
KNOWN_ZH = KNOWN_UNITS | frozenset(_SPELLINGS)

MEASURES = frozenset(
    "个把张条件本台辆家名位人口场次届篇集双只套盒箱瓶杯包袋罐块片颗粒枚支枝根首部层楼页份种项款座栋间户匹头群组队批排列行步级类处"
    "号期班所道门顶盏幅面朵株棵串滴剂针艘架吨斤桶壶碗盘碟盆束封卷册则段句字词票轮节课站圈桌席区科室床幢亩厂店馆路线倍折刻者方"
    "边侧端摊下跳拍点球"
)
"""Measure words of one character: what a number counts, where no unit stands."""

STANDING = frozenset("是为而和与或但的在不这那均都也更对作以已才就则来及还呢吧了啊哦有可因所并且即应该")
"""Characters behind which, in a text, a number in characters is a number and no part of a word."""

_COUNTED = (
    "资料|图片|图像|图(?=[中里上都均的])|照片|截图|文字|文本|来源|证据|材料|信息|说法|数据|描述|文档|文件|页面|答案"
    "|数字|数值|价格|日期|时间"
    "|版本|结果|评论|顾客评价|评价|方面|选项|可能|陈述|记录|报道|段落|证词|渠道|源"
)
SOURCES_COUNTED = re.compile(
    rf" ?[个份张幅段条篇处种则组项边方]?(?:截然|完全|相互|互相|彼此|相|自)?(?:不同的?|矛盾的?|冲突的?|给定的?|独立的?"
    rf"|提供的|给出的|已有的)?(?:{_COUNTED})"
)
"""Behind a number: it counts the evidence or those who wrote it (*两份资料*, *128条评价*)."""
PAIR = re.compile(r"[份张段者边方处种个](?=[都均的之相不互矛冲存说给所在中里间信看给各一也])")
"""Behind a two: the two pieces of evidence (*两份都说*)."""

ORDINAL_BEFORE = re.compile(r"(?:第|步骤|选项|序号|编号|附件|星期|礼拜|周|初|(?<!分)之(?=[一二])|其|no\.? ?|#) ?$")
"""Before a number: it numbers something."""
SOURCE_BEFORE = re.compile(r"(?:图片?|照片|截图|图像|表|文本|文字|资料|来源|证据|材料|文档|文件|页面?|段落|图表|信息|段) ?$")
"""Before a one or two without a unit: it numbers the evidence."""
