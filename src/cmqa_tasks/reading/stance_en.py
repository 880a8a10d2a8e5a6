"""English: stating that the pieces of evidence contradict each other, denying it, supposing it."""

from __future__ import annotations

import re

from cmqa_tasks.reading.cues import Cue, Sense, StanceCues, grouped
from cmqa_tasks.reading.words_en import IDLE_NEGATIONS, SOURCE, pairs, words

_WHAT = (
    r"(?:prices?|costs?|amounts?|figures?|numbers?|values?|dates?|days?|times?|scores?|results?|ratings?|levels?|"
    r"distances?|doses?|dosages?|groups?|types?|directions?|colou?rs?|weather|conditions?|forecasts?|allerg\w+|names?|"
    r"streets?|roads?|stops?|locations?|places?|address(?:es)?|answers?|information|info|details?|data|counts?|totals?|"
    r"percentages?|rates?|readings?|measurements?|stor(?:y|ies)|accounts?|versions?|things?|claims?|facts?|outcomes?|"
    r"hours?|units?|strengths?|quantit\w+|capacit\w+|attendance|substances?|medications?|temperatures?|stations?|"
    r"responses?|statements?|pictures?|turnouts?|pulses?)"
)
_GIVE = (
    r"(?:two|gives?|gave|giving|show\w*|say\w*|state[sd]?|stating|list\w*|report\w*|quot\w+|provid\w+|mention\w*|has|have|"
    r"having|contain\w*|indicat\w+|claim\w*|suggest\w*|with|present\w*|offer\w*|there are|there's|describ\w+|display\w*|"
    r"predict\w*|forecast(?:s|ing)?|prescrib\w*|plac(?:e|es|ing)|put(?:s|ting)?|record\w*|"
    r"specif\w+|nam(?:e|es|ing)|point(?:s|ing)? to|cit(?:e|es|ing)|convey\w*|supply|supplies|are|tells?|telling)"
)
_BE_NOT = r"(?:(?:is|are|was|were|does|do|did|could|can|has|have)(?: not|n't)|cannot)"
_FALSE = r"(?:wrong|incorrect|mistaken|in error|false|inaccurate|outdated|an error)"
_TRUE = r"(?:right|true|correct|accurate|valid)"
_BOTH_CANNOT = (
    rf"(?:both|all)(?: \w+){{0,3}} (?:cannot|can't|can not)(?: all| both| possibly| simultaneously)? be {_TRUE}(?![a-z])"
)
_DIFFERENT = (
    rf"different (?:from|than|to) (?:each other|one another|what|that|(?:the )?(?:\w+ )?(?:one|{SOURCE}|{_WHAT}))(?![a-z])"
    rf"|{_GIVE} (?:(?!different|{SOURCE} )\w+ ){{0,3}}?different (?:(?!{SOURCE} )[\w-]+ ){{0,2}}?{_WHAT}(?![a-z])"
    r"|(?<![a-z])(?:is|are|was|were|looks?|appears?|seems?)(?:n't)?(?: \w+){0,2}? "
    r"different(?=[.,;:)]|$| from| in| between| across| and)"
    r"|something different|(?:^|(?<=\n))different(?=[.!\n]|$)"
    rf"|(?:^|(?<=[.:;(] )|(?<=[\n(\"-])|(?<=- ))(?:two |three )?different (?:[\w-]+ )?{_WHAT}(?![a-z])"
    r"(?! (?:for different|apply|applies|may|can|depending))"
)
_VARIES = (
    r"var(?:y|ies|ied|ying)(?: (?:\w+ )?(?:between|across|among|depending on|by|from))? (?:(?:the|both|these|two|which) )*"
    + SOURCE
)
_CLASHES: tuple[tuple[str, str], ...] = (
    ("conflict", r"conflict\w*"),
    ("contradict", r"contradict\w*"),
    ("discrepan", r"discrepan\w*"),
    ("inconsisten", r"inconsisten\w*"),
    ("disagree", r"disagree\w*"),
    ("match", r"mis-?match\w*(?! in favou?r)|non-?matching"),
    ("misalign", r"misalign\w*"),
    ("incompatib", r"incompatib\w*"),
    ("clash", r"clash\w*"),
    ("irreconcil", r"irreconcil\w*"),
    ("diverg", r"diverg\w*"),
    ("incongru", r"incongru\w*"),
    ("disparit", r"disparit\w*"),
    ("unequal", r"unequal"),
    ("discord", r"discord\w*"),
    ("differ", r"differ(?:s|ed|ing)?(?![a-z])"),
    ("difference", r"differences? (?:between|among|in)(?![a-z])"),
    ("different", _DIFFERENT),
    ("at odds", r"at odds"),
    ("at variance", r"at variance"),
    ("at loggerheads", r"at loggerheads"),
    ("mutually excl", r"mutually exclusive"),
    ("contrary to", r"contrary to"),
    ("refut", r"refut(?:e|es|ed|ing)(?![a-z])"),
    ("belie", r"belie[sd](?![a-z])"),
    ("disprov", r"disprov\w*"),
    ("in tension", r"in tension"),
    ("disput", r"disput(?:es|ed|ing)(?![a-z])|dispute (?:this|that|it|each|one)(?![a-z])"),
    ("otherwise", r"(?:says?|said|states?|stated|suggests?|shows?|indicates?|claims?|lists?) otherwise(?![a-z])"),
    ("competing", r"competing (?:claims|values|information|statements|accounts|figures|prices|dates|answers)"),
    ("opposing", r"opposing (?:claims|values|information|statements|accounts)"),
    ("var", _VARIES),
)
_ACCORDS: tuple[tuple[str, str], ...] = (
    ("match", r"match(?:es|ed|ing)?(?![a-z])"),
    ("agree", r"agree(?:s|d|ing|ment)?(?![a-z])"),
    ("align", r"align(?:s|ed|ing|ment)?(?![a-z])"),
    ("consisten", r"consisten(?:t|tly|cy)(?![a-z])"),
    ("coincid", r"coincid\w+"),
    ("correspond", r"correspond\w*"),
    ("tall", r"tall(?:y|ies)(?![a-z])"),
    (" up", r"(?:lin(?:e|es|ing)|adds?) up"),
    ("hold", r"hold(?:s|ing)? together"),
    ("concur", r"concur\w*"),
    ("the same", r"the same(?![a-z])(?! (?:since|again|for|ever|after|place|person|way))"),
    ("identical", r"identical"),
    ("compatib", r"compatible"),
    ("reconcil", r"reconcil\w+"),
    ("in line with", r"in line with"),
    ("jibe", r"jibe"),
    ("square with", r"square with"),
    ("corroborat", r"corroborat\w+"),
    ("support ", r"support (?:each|one)"),
    ("equal", r"equal(?:s)?(?![a-z])"),
    ("unanimous", r"unanimous"),
    ("harmoni", r"harmoni[sz]e\w*"),
    ("in sync", r"in sync"),
    ("same story", r"same story"),
)
_FLATS: tuple[tuple[str, str], ...] = (
    ("both be", r"(?:cannot|can't|can not|could(?:n't| not)|not) (?:possibly |logically )?(?:all |possibly )?both be"),
    ("not be", _BOTH_CANNOT),
    ("not both be", _BOTH_CANNOT),
    ("t be", rf"(?:cannot|can't|can not|could not|couldn't)(?: \w+)? be {_TRUE} (?:at the same time|simultaneously|together)"),
    ("can't be", _BOTH_CANNOT),
    ("only one", r"only one (?:of (?:\w+ ){1,4})?(?:can|could) be"),
    ("one of ", rf"(?<![a-z])one of (?:them|these|the|which|those)(?: \w+){{0,3}}? (?:must be|has to be) (?:\w+ )?{_FALSE}"),
    ("at least one", rf"at least one (?:of (?:\w+ ){{1,4}})?(?:must be|has to be|is) {_FALSE}"),
    ("\u2260", "\u2260"),
)


_ROOTS = ("con", "dis", "match", "differ", "align", "compat", "agree", "corr", "same", " one", "t be", "in ")


_OF_ANYTHING: dict[Sense, tuple[str, ...]] = {
    "clash": ("different", "differ", "difference", "match", "var", "unequal"),
    "accord": ("the same", "equal"),
    "flat": (),
}
"""Stems of words that are said of anything, not only of evidence."""


def _cues(sense: Sense, rows: tuple[tuple[str, str], ...]) -> tuple[Cue, ...]:
    return tuple(Cue(stem, re.compile(pattern), sense, stem in _OF_ANYTHING[sense]) for stem, pattern in rows)


_SUBJECTS = words(
    "both they sources pieces evidence image text two all everything documents values pictures images texts each passage "
    "page prices dates numbers figures records statements claims times answers these those price value chart map review "
    "article report record listing letter source reviews articles reports charts maps listings passages pages "
    "doses scores ratings distances directions names streets colours colors amounts costs levels counts answer results"
)

_VALUES = words(
    "price value answer result all everything values prices dates numbers figures claims times answers doses scores ratings "
    "distances directions names streets colours colors amounts costs levels counts"
)

STANCE = StanceCues(
    cues=grouped((*_cues("clash", _CLASHES), *_cues("accord", _ACCORDS), *_cues("flat", _FLATS)), _ROOTS),
    inner_negation=re.compile(r"(?: no | not |n't |neither )"),
    not_clash_before=words(
        "armed military border regional civil political trade labour labor legal territorial world i drug scheduling "
        "layout layouts format formats formatting style styles wording wordings phrasing design designs presentation"
    ),
    not_clash_pairs=pairs("on the", "i would", "i respectfully", "middle east"),
    not_accord_before=words(
        "football league cup final opening rugby cricket tennis home away this every next last after before the a perfect same"
    ),
    not_clash_after=re.compile(
        r"[ -](?:zones?|of interest|checks?\b|checking|analysis|detection|assessment|evaluation|resolution"
        r"|status\b(?! ?:)|test\b)"
        r"|(?: (?:only|slightly|mainly|just|mostly))* in (?:(?:their|the) )?"
        r"(?:format|layout|style|wording|phrasing|presentation|design|appearance|tone|length)"
    ),
    denied_after=re.compile(
        r"(?: (?:detected|found|present|status|exists?|identified|here|between (?:\w+ ){1,5}?|to (?:report|note|flag)))*\s*"
        r"(?:[:?=|\"-]+\s*\"?(?:none|no|false|n/a|nil|not (?:found|present|detected|applicable|observed))(?![a-z])"
        r"(?! single| consensus| agreement)"
        rf"|{_BE_NOT}(?: \w+){{0,2}}? "
        r"(?:found|present|exist|detected|seen|there|apparent|evident|observed|identified|visible|arise)"
        r"|(?:is|are|was|were|has been|have been) (?:absent|nowhere|non-?existent|ruled out)"
        r"|,? ?(?:and|but)?,? ?(?:i |we )?(?:found|saw|see|detected|find|noticed|there (?:is|are|were|was))"
        r" (?:none|nothing|no(?![a-z])))"
    ),
    affirmed_after=re.compile(
        r"\W*(?:yes|indeed|they do(?!n't| not)|it does(?!n't| not)|they are(?!n't| not))(?![a-z])"
        r"|[^.!?\n]{0,40}?(?:,| and)(?: indeed| here| in this case)?,? (?:they|the (?:two|sources|pieces))"
        r" (?:do|are|clearly do)(?![a-z']| not)"
    ),
    refused_after=re.compile(r"\W*(?:no|nope|none|not really|they do not|they don't|it does not|they are not)(?![a-z])"),
    named_question=re.compile(
        r"(?:(?<![a-z])questions?[\s:,\"'(]{1,4}|(?<=[\s(:])[\"'])(?:(?:on|at|in|from|to|by|for) )?"
        r"(?:what|how|which|when|where|who)(?![a-z])"
    ),
    asking=re.compile(
        r"\W*(?:(?:question|so|and|but|now)\W+)?(?:do|does|did|is|are|was|were|can|could|would|will|should|what|how|which|why|who)"
        r"(?![a-z])"
    ),
    negators=words(
        "no not never none neither nor without cannot hardly barely scarcely lack lacks lacking absence free zero nothing "
        "nobody fail fails failed failing isnt dont doesnt arent cant wasnt werent didnt unable rather instead nowhere "
        "avoid avoids"
    ),
    negative_suffix="n't",
    paired_negators={"rather": "than", "instead": "of", "free": "of"},
    accord_negators=words("hard difficult impossible far few"),
    idle_negations=IDLE_NEGATIONS,
    stops=words(
        "because since as but so which while whereas although though however thus therefore hence due given and between "
        "with from about also yet despite when where by who"
    ),
    suppositions=words(
        "if whether unless asked instructed told instruction instructions requested supposed when whenever hypothetically "
        "suppose supposing assuming glance sight wonder wondering ask asks asking task tasked"
    ),
    conditional="would",
    condition=" if ",
    supposition_ends=words("but and because so"),
    search_verbs=words(
        "check checked checking look looked looking search searched searching scan scanned scanning watch compare compared "
        "comparing examine examined screened inspect inspected tested test verify analyzed analysed assess assessed"
    ),
    sought="for",
    definite=words("the this these those two their such both its his"),
    indefinite="any",
    subjects=_SUBJECTS,
    partial_accord=re.compile(
        r"(?: each other| one another)? (?:on (?:the|its|their|other|most|some|all|everything|who|what|how|where)"
        r"|about|in that|that|regarding|in terms|with respect|as to)(?![a-z])"
    ),
    partial_before=words("otherwise other apart except aside besides else"),
    mutual=words("each the"),
    obligations=words("should shouldn't ought"),
    same="the same",
    about=words("for about of regarding concerning under during"),
    at=words("on at in from to with"),
    same_stops=words(
        "as in across for between at on with and but to from by when under throughout regardless according based here there so "
        "because too everywhere whether if or since while which that"
    ),
    same_ends=words("has have had is are was were does do of that which can cannot can't could would may might"),
    pieces=_SUBJECTS - _VALUES,
    values=_VALUES,
    predicate=re.compile(r"differ(?!en)|differing|is|are|was|were|look|appear|seem"),
    possible=words("may might can could"),
    two_sides=words("one other"),
    restriction=re.compile(
        r"(?: only| slightly| mainly| just| mostly)* (?:in|on|about|over|regarding|as to|concerning)(?![a-z])"
    ),
    of_another=re.compile(
        r"(?: ?\([^()\n]{0,40}\))? for ((?:(?:an?other|other) [a-z]+|(?:(?:the|an?|his|her|its|their) )?"
        r"(?!(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b)[A-Z][\w'-]+\.?)(?: (?:(?:of|and|the) )*[A-Z][\w'-]+){0,6})"
    ),
    fillers=words(
        "the this that their its these those two both a an it there which is are was were be seem seems appear appears look "
        "looks does do clearly also however but so thus and while although though since because given listed stated "
        "mentioned shown reported"
    ),
    openers=words("there it that this something a an two"),
    join=re.compile(r"[\s,/]*(?:(?:or|and|nor|any|other|no|of|&|kind|sort)[\s,/]+)*"),
)
