"""Does a Chinese or mixed response state that the pieces of evidence contradict each other?

Chinese has no word boundaries, so a cue is judged by the characters before it in its clause: what supposes it, and how many
negations govern it (*并非没有矛盾* has two). English words in a Chinese sentence (*两者是inconsistent的*) are judged here too.
As in English, the last assertion or denial counts.
"""

from __future__ import annotations

import re

from cmqa_tasks.reading.clauses import Sentences
from cmqa_tasks.reading.cues_zh import CUE, STEMS
from cmqa_tasks.reading.words_zh import SOURCE_ZH

_NOT_EVIDENCE_BEFORE = re.compile(
    r"(?:日程|行程|档期|时间安排|武装|军事|地区|边境|边界|社会|利益|家庭|贸易|劳资|医患|民族|国际|国内|种族|宗教|文化"
    r"|夫妻|阶级|供需|主要|内部|外交|党派|流血|暴力"
    r"|巴以|俄乌|中东|街头|警民|肢体|言语|格式|版式|排版|布局|样式|风格|字体|写法|措辞|用词|表述方式|表达方式|表述|语言"
    r"|形式|书写)"
    r"(?:上)?(?:的|有|存在|略有|稍有|虽|不|是)*$"
)
_NOT_EVIDENCE_AFTER = re.compile(
    r"(?:地区|地带|各方|双方|升级|爆发|事件|局势|各派|管理|规则|纠纷|检测|检查|分析|与否)"
    r"|(?:于|在)(?:格式|版式|排版|表述|写法|措辞|风格)"
)
_NOT_DIFFERENT_AFTER = re.compile(
    rf"的?(?:{SOURCE_ZH}|形式|格式|方式|角度|表达|写法|语言|类型|种类|渠道|媒介|载体|模态|商品|产品|人|地方|日子|季节"
    rf"|颜色可选|款式|尺寸|时段|场景|侧面|层面|维度)"
    r"(?!的?(?:价格|数值|说法|答案|信息|数据|日期|时间|结果|给出|不))"
)
_SUPPOSED = re.compile(
    r"如果|假如|假设|假使|倘若|若是|若(?![干])|要是|一旦|万一|如(?=有|存在|发现|遇|出现)|是否|有没有|有无|会不会|是不是"
    r"|能否|看似|貌似|乍看|乍一看|表面上?看?"
    r"|(?:您|你|题目|问题|任务|提示|用户)?(?:要求|让我|问(?!题)我?|请我|叫我)|请(?=您|你)?(?:指出|说明|判断|检查)|寻找|查找"
    r"|排查|以防|可能会?有(?=不)|when |if |whether "
)
_SUPPOSED_NEAR = re.compile(
    r"(?:检查|核查|核对|检验|审查|判断|识别|辨别|留意|注意|比较|对比|分析|怀疑|以为|误以为|担心)(?:了|一下|其?中|其|是"
    r"|它们|两者|二者|之间|两份|资料|证据|图片|文字|和|与|的|有|任何|可能|存在|所有|潜在)*$"
)
_SUPPOSED_END = re.compile(r"但|却|其实|实际上|事实上|因此|所以|说明(?=两|二|它|图|文)|发现")
_AFFIRMED = re.compile(
    r"(?:之处|的?地方|的?情况|关系)?(?:吗|呢|么)?[ :?\"]*(?:是的?(?!否|不)|有(?!没有|无)|存在(?!与否)|确实|的确"
    r"|对(?!不)|yes|true)"
    r"|(?:之处|的?地方)?(?:吗|呢|么)?[?:]\s*(?:确实|的确|它们|两者)?(?:是|有|存在)"
)
_REFUSED = re.compile(
    r"(?:之处|的?地方|的?情况|关系)?(?:吗|呢|么)?[ :?\"]*\s*(?:不(?!一|符|同|仅|只)|否|没有?|无|并不|并无|未"
    r"|no(?![a-z])|false|none)"
)
_DENIED_AFTER = re.compile(
    r"(?:之处|的?地方|的?情况|的?信息|点|性|关系|现象|问题)?(?:也|都|均|其实|实际上?)?(?:并?不存在|并?没有(?:出现|发现"
    r"|存在|被)|不成立|并?未(?:出现|发现|存在|见)|可以?排除|已?被?排除)"
    r"|(?:之处|的?地方|的?情况|点|检测结果|状态)?\"? ?[:=?] ?\"?(?:无(?!法)|没有|否|不存在|未(?:发现|见)|不(?!一|同|符)"
    r"|none|no(?![a-z])|false|n/a|nil|0)"
)
_QUESTION = re.compile(r"(?:之处|的?地方|的?情况)?(?:吗|么|呢)(?![上])")
_NAMED_QUESTION = re.compile(
    r"(?:问题|[\"\u300c\u300e\u300a])[ :\"\u300c\u300e\u300a]*[^?;\u3002\n\"]{0,80}?(?:多少|几|哪|什么|多[远大])"
)
"""Behind a cue: the question that the sentence is only about (*两份证据对问题“……是多少？”*)."""
_BREAK = re.compile(r"但|而(?![且非不是])|却|因为|因此|所以|由于|导致|不过|然而|只是|可是|从而|以致|:|——|—")
_IDLE = (
    r"不仅|不但|不只|不光|不单|不止|毫?无疑问?|毋庸置疑|不得不|不可避免|不可否认|不难|不容(?:忽视)?|不少|不禁|无非|不久"
    r"|不管|无论|不论|不妨|除非|莫非|非常|不断|不由|不足"
    r"|不含|不包括|不计|不清楚|不知道?|不明|不确定|不好意思|差不多|不约而同|不变|不等(?=的)|未来|未知|无关|非法|是非"
    r"|不良|不料|不错|难说没|没想到|没错|不愧|不外乎"
    r"|(?:无法|不能|难以|没法|不可|未能?|没有?|并?不(?:能|会)?|没能|尚未)(?:够|被|去|对|有效|直接|完全|很好地?|得到|进行|予以)*"
    r"(?:解决|解释|调和|消除|忽视|忽略|回避|无视|掩盖|化解|处理|协调|说明|澄清|弥合|接受|容忍|否认|同时|确定|判断|确认"
    r"|得知|知道|辨别|回答|决定)"
    r"|不同(?:的)?(?=资料|来源|图片|文字|证据|两|文本)|没有?(?:标注|标明|写明)的|无(?=意|形|线)|非(?=洲|官方)|no doubt"
    r"|not only|don't know|not sure"
)
_NEGATION = re.compile(
    rf"(?P<idle>{_IDLE})|不|没有?|无|未|并?非|谈不上|避免|排除了?|杜绝|消除了?|缺乏|缺少|否认|(?<![a-z])(?:no|not"
    rf"|without|neither|isn't|aren't|don't|doesn't|never)(?![a-z])|n't(?![a-z])|零(?=$)|(?<![0-9.,])0 ?(?:个|处)?(?=$)"
)
_DEFINITE = re.compile(r"(?:这|该|此|上述|以上)(?:一|种|个|些|处)?(?:信息|数据|价格|明显)?(?:的|上的)?$")
_INDEFINITE = re.compile(r"(?:任何|可能的?|潜在的?)$")
_PARTIAL_BEFORE = re.compile(
    r"其他|其余|其它|别的|此外|另外|除|部分|大多|大体|(?:在|就)(?![这该此本]|问题|答案)[^，。,;]{1,12}(?:上|方面|中|而言)[^，。,;]{0,6}$|为了?"
    r"|保持|以便|确保|应当?与|需要?与|必须与|格式|单位|名称|品牌|型号"
)
_PARTIAL_AFTER = re.compile(r"的(?:是|地方|部分|内容|信息在于)|于(?!是)|地(?!方)|认为|但")
_SUBJECT = re.compile(
    rf"{SOURCE_ZH}|两者|二者|两份|两张|两段|两个|两处|两种|双方|彼此|互相|相互|之间|都|均|皆|说法|内容|数据|价格|售价"
    rf"|日期|时间|比分|数值|数字|答案|结果|信息|描述|它们|前者|后者|前后"
    r"|一个|一份|一张|一方|另|与|和|跟|剂量|距离|方向|颜色|天气|过敏|血型|心率|评分|人数|比例|路名|名称|站名|给出|显示"
    r"|提供|记载|数额|金额|image|text|source|both"
)
_STRONG_SUBJECT = re.compile(
    rf"{SOURCE_ZH}|两者|二者|两[份张段个处种边]|双方|彼此|互相|相互|之间|它们|一个是|一[份处]|另一|给出|显示|提供|说法"
    rf"|image|text|source|both"
)
"""The pieces themselves: said of anything else, a difference is none between them (*周日时间不同*)."""
_ROUTINE = re.compile(
    r"去年|往年|上[届年月周次]|前一|其[他它余]|别的|另外|周[日末一二三四五六]|星期|工作日|节?假日|平[日时]|[淡旺]季|每天|各[地家]"
)
_DEMANDED = re.compile(r"(?:本应该?|理应|原应|应当|应该?)(?:都|均|互相|相互|彼此|保持|完全)*$")
"""Before agreement: it should be so, and is not."""
_LINKS = re.compile(
    r"^(?:但是?|而且?|且|虽然?|尽管|不过|然而|并且?|同时|其|即使|可是?|只是)+|(?:都|均|也|是|为|完全|基本|却|仍|还|则|保持|彼此)+$"
)
_ITSELF = re.compile(
    r"(?:但是?|而|且|此|该|其|两个|两种)*(?:价格|售价|日期|时间|比分|数值|数字|数据|答案|结果|人数|剂量|距离|路程|方向|方位|颜色|天气"
    r"|过敏原|血型|心率|脉搏|评分|比例|投票率|街道|站名|名称|信息|说法)(?:上|之间|方面)?(?:存在|有|明显|较大|很大|出现|是)*"
)
"""All that stands before a difference which can only be one between the pieces (*价格存在差异*)."""
_ELSEWHERE = re.compile(
    r"另一(?:[款家位名台件只座天]|[个场项](?:活动|商品|产品|病人|患者|选区|比赛))"
    rf"|(?:其[他它余]|别的|另外的?)(?!{SOURCE_ZH})|去年|往年|上[届年月周次]"
)
"""Before a difference: it is one of something that was not asked about."""
_SHORT = 8
"""Characters of a sentence that can only be about the evidence (*不一样。*)."""
_CLAUSE = re.compile(r"[，。;!?\n|]|,(?![0-9])|:(?![0-9])|[()\[\]](?=.)")
_REACH = 40
"""How many characters before a cue are looked at."""


def _negations(before: str, accord: bool) -> int:
    """How many negations govern what follows a stretch of text."""
    count = sum(match["idle"] is None for match in _NEGATION.finditer(before))
    return count + (accord and before.endswith(("难以", "很难", "难")))


def _judge(low: str, blank: str, match: re.Match[str], sentences: Sentences) -> int:
    """+1 when a cue asserts conflict, -1 when it denies it, 0 when it does neither."""
    at, behind = match.span()
    start, end = sentences.around(at)
    floor = max(start, at - _REACH)
    breaks = [cut.end() for cut in _CLAUSE.finditer(low, floor, at)]
    if breaks:
        floor = breaks[-1]
    before, written = low[floor:at], blank[floor:at]
    accord = match.lastgroup in ("accord", "en_accord")
    if _NOT_EVIDENCE_BEFORE.search(before) or _NOT_EVIDENCE_AFTER.match(low, behind):
        return 0
    if match.lastgroup == "different" and (match[0].endswith(("同", "样", "等")) and _NOT_DIFFERENT_AFTER.match(low, behind)):
        return 0
    supposed = _supposed(written)
    question = _QUESTION.match(low, behind) is not None or (
        low[max(start, end - 3) : end].rstrip(" \"')")[-1:] == "?" and _NAMED_QUESTION.search(low, behind, end) is None
    )
    if supposed or question:
        affirmed = 0
        if _REFUSED.match(low, behind) or (question and _REFUSED.match(low, end)):
            affirmed = -1
        elif _AFFIRMED.match(low, behind) or (question and _AFFIRMED.match(low, end)):
            affirmed = 1
        if affirmed:
            odd = _negations(written, accord) % 2 == 1 and not supposed
            return affirmed if accord == odd else -affirmed
        return 0
    if match.lastgroup == "flat":
        return 1
    cuts = [cut.end() for cut in _BREAK.finditer(written)]
    scope = written[cuts[-1] :] if cuts else written
    negated = _negations(scope, accord) % 2 == 1
    if match.lastgroup == "different" and _ELSEWHERE.search(before):
        return 0
    if match.lastgroup == "different" and not (
        _of_evidence(low[max(start, at - _REACH) : min(end, behind + _REACH)])
        or (floor == start and _ITSELF.fullmatch(before.strip(' "')) is not None)
    ):
        return 0
    if accord and _DEMANDED.search(before):
        return 0
    if accord:
        if negated:
            near = _SUBJECT.search(low, max(start, at - 2 * _REACH), min(end, behind + _REACH))
            return 1 if near or end - start <= _SHORT else 0
        return -1 if _mutual(low, floor, at, behind, start, end) else 0
    if negated and not _DEFINITE.search(before):
        return -1
    if _DENIED_AFTER.match(low, behind):
        return -1 if not negated else 1
    return 0 if _INDEFINITE.search(before) else 1


def _supposed(before: str) -> bool:
    """Whether a cue stands behind a condition, in a task, or as what was looked for."""
    if _SUPPOSED_NEAR.search(before):
        return True
    last = None
    for last in _SUPPOSED.finditer(before):  # noqa: B007 -- the last one is wanted
        pass
    return last is not None and _SUPPOSED_END.search(before, last.end()) is None


def _of_evidence(sentence: str) -> bool:
    """Whether a sentence, or what is near in a long one, speaks of the evidence, or is too short to mean anything else."""
    if len(sentence.strip()) <= _SHORT and not _ROUTINE.search(sentence):
        return True
    return _STRONG_SUBJECT.search(sentence) is not None


def _mutual(low: str, floor: int, at: int, behind: int, start: int, end: int) -> bool:
    """Whether stated agreement is that of the pieces on the matter itself."""
    if _PARTIAL_AFTER.match(low, behind) or _PARTIAL_BEFORE.search(low[floor:at]):
        return False
    own = _LINKS.sub("", low[floor:at].strip(" \"'")).strip()
    if own and _SUBJECT.search(own) is None:  # 两份证据矛盾，但产品相同
        return end - start <= _SHORT
    return end - start <= _SHORT or _SUBJECT.search(low, max(start, at - _REACH), at) is not None


def judgements(low: str, sentences: Sentences, plain: bool = False) -> list[tuple[int, int, int]]:
    """Where each Chinese cue begins and ends, and whether it asserts (+1) or denies (-1) a conflict or does neither (0).

    Args:
        low: folded text in lower case.
        sentences: those of the text.
        plain: only cues that are said of evidence and nothing else.
    """
    for stem in STEMS:
        if stem in low:
            break
    else:
        return []
    found = list(CUE.finditer(low))
    if not found:
        return []
    pieces: list[str] = []
    last = 0
    for match in found:  # an earlier cue must not count as the negation of a later one: 不一致和矛盾
        pieces.append(low[last : match.start()])
        pieces.append("\u25a1" * (match.end() - match.start()))
        last = match.end()
    blank = "".join(pieces) + low[last:]
    return [
        (*match.span(), _judge(low, blank, match, sentences)) for match in found if not (plain and match.lastgroup == "different")
    ]
