"""English: choosing between two values, rejecting one, ascribing one to a source, giving up."""

from __future__ import annotations

import re

from cmqa_tasks.reading.cues import AnswerCues, Cue, grouped
from cmqa_tasks.reading.words_en import IDLE_NEGATIONS, SOURCE, listed, pairs, words

_CANT = (
    r"(?:cannot|can't|can not|could(?:n't| not)|(?:unable|not able|impossible|not possible|hard|difficult|insufficient"
    r"|not enough information) (?:for me )?to)"
)
_DECIDE = (
    r"(?:determin\w+|tell|say|know\w*|answer\w*|identif\w+|find|found|see|view|read|access|process|provide\w?|confirm\w*|"
    r"verif\w+|establish\w*|decid\w+|conclu\w+|infer\w*|make out|help|assist|ascertain\w*|discern|locate|open|display|"
    r"analy[sz]e|interpret|given|choose|pick|be certain|be sure)"
)
_GIVEN = (
    r"(?:stated|mentioned|specified|given|provided|shown|available|listed|clear|visible|legible|known|indicated|included|"
    r"present|possible|enough|sure|certain|disclosed|determinable|reported|recorded|readable|displayed|found|described|"
    r"sufficient|noted|documented|supplied)"
)
_TRUE = listed(
    "correct right actual true real accurate reliable updated current official best final likely probable up-to- "
    "date definitive authoritative"
)
_TRUER = r"(?:reliable|likely|accurate|authoritative|trustworthy|credible|recent|official|direct)"
_FALSE = (
    r"(?:wrong|incorrect|inaccurate|outdated|old|older|obsolete|false|mistaken|mistake|typo|error|erroneous|misprint|"
    r"unreliable|ignored|disregarded|discarded|rejected|ruled out|superseded|misleading|irrelevant|original price|previous"
    rf"|less {_TRUER}|not (?:the )?(?:\w+ )?(?:correct|right|accurate|reliable|true|answer|current|relevant|supported|"
    r"possible|case|one|valid|trustworthy|actual|up to date))"
)

_CHOICES: tuple[tuple[str, str], ...] = (
    ("answer", r"answer (?:is|would be|should be|must be|to (?:the|your) question is)"),
    *((word, rf"(?<![a-z]){word}(?![a-z])") for word in ["so", "therefore", "thus", "hence", "overall", "actually"]),
    *((word, word) for word in ["accordingly", "consequently", "ultimately", "conclu", "summary"]),
    ("in short", r"in short"),
    ("now", r"(?<![a-z])(?:is|are|costs?|stands at) now(?![a-z])|(?<![a-z])now (?:is|costs?|stands at)(?![a-z])"),
    ("final", r"(?<![a-z])final(?:ly)?(?![a-z])"),
    ("as a result", r"as a result"),
    ("in the end", r"in the end"),
    (" with", r"(?:go|going|went|goes|stick|sticking|side|siding) with"),
    *(
        (start, rf"(?<![a-z]){start} (?:say|choose|pick|answer|select|trust|rely|use|prefer|favou?r|lean)")
        for start in ("i'd", "i'll", "i would", "i will")
    ),
    *((word, rf"(?<![a-z]){word}(?![a-z])") for word in ["believe", "think", "choose", "prefer", "trust", "select", "pick"]),
    *(
        (
            word,
            rf"(?<![a-z]){word}(?: [a-z-]+){{0,5}}? "
            r"(?:is|should be|would be|must be|seems to be|appears to be|to be|at)(?![a-z])",
        )
        for word in _TRUE
    ),
    ("more ", rf"more {_TRUER}"),
    ("most ", r"most (?:reliable|likely|accurate|authoritative|recent|probable|probably)"),
    ("prioriti", r"prioriti[sz]\w+"),
    ("best ", r"best (?:answer|estimate|guess|supported)"),
    ("me to ", r"leads? me to"),
    ("settl", r"settl\w+ on"),
    ("opt", r"(?<![a-z])opt(?:ing|ed)? for"),
    ("defer", r"defer(?:ring)? to"),
    ("based on", r"based on (?:the|this)[a-z ]{0,60},"),
)

ANSWER = AnswerCues(
    abstain_stems=(
        "not",
        "n't",
        "unclear",
        "unable",
        "sorry",
        "unknown",
        "uncertain",
        "insufficient",
        "impossible",
        "unsure",
        "no ",
        "n/a",
        "determin",
        "inconclusive",
        "ambiguous",
        "illegible",
        "unreadable",
        "undisclosed",
        "apolog",
        "unspecified",
        "as an ai",
        "unavailable",
        "decline",
        "unanswerable",
        "missing",
        "hard to",
        "difficult to",
        "refuse",
        "depends on wh",
    ),
    abstain=re.compile(
        rf"{_CANT} (?:\w+ ){{0,4}}?(?:be )?{_DECIDE}(?![a-z])"
        rf"|(?:is|are|was|were|'s|it)(?: not|n't) (?:\w+ ){{0,3}}?{_GIVEN}(?![a-z])"
        rf"|(?<![a-z])not (?:\w+ ){{0,2}}?{_GIVEN}(?![a-z])"
        r"|depends on (?:which|what|who|whether)(?![a-z])"
        r"|not enough|(?<![a-z])no (?:\w+ )?(?:information|info|data|mention|indication|evidence|answer|idea|details?"
        r"|way (?:to|of)"
        r"|image|price|date)(?![a-z])"
        r"|(?:does|do|did)(?: not|n't) (?:\w+ ){0,2}?(?:say|state|mention|specify|provide|contain|include|show|"
        r"indicate|give|reveal|"
        r"list|disclose|tell|have (?:\w+ ){0,2}(?:information|access|ability|data)|know|see|display"
        r"|appear to (?:mention|state|show|contain))(?![a-z])"
        r"|unclear|unknown|uncertain|undetermin\w+|indetermin\w+|insufficient|inconclusive|ambiguous|(?<![a-z])n/a(?![a-z])"
        r"|unsure|not sure|(?:'m|am|are) (?:very |so |really )?sorry|apolog(?:y|ize|ise|ies)|illegible|unreadable|undisclosed"
        r"|unspecified|unavailable|unanswerable|as an ai|(?:must|have to|will) decline|(?:refuse|decline) to answer|won't answer"
        r"|(?<![a-z])no (?:[\w-]+ ){1,4}?(?:(?:is|are|was|were) )?"
        r"(?:given|provided|stated|mentioned|shown|listed|specified|visible|recorded)"
        r"|information is missing|nothing (?:\w+ ){0,3}(?:states?|says?|mentions?|indicates?|shows?)|not applicable"
    ),
    undecided=re.compile(
        rf"(?:{_CANT} (?:\w+ ){{0,3}}?{_DECIDE}|unclear|unsure|uncertain"
        r"|not (?:sure|clear|certain|known|possible to (?:tell|say|determine))|do(?: not|n't) know|ambiguous|unknown"
        r"|undetermined)(?: for (?:sure|certain)| definitively)?,? (?:\w+ ){0,2}?"
        r"(?:whether|if|which|between|what|as to|about)(?![a-z])"
    ),
    choice=grouped(tuple(Cue(stem, re.compile(pattern)) for stem, pattern in _CHOICES), ("i'", "i w", "in ", "co", "st ")),
    weak_choice=words("so thus overall hence therefore"),
    endorsed=re.compile(
        r"[\")' ]*(?:takes? (?:precedence|priority)|prevails|overrides|supersedes|outweighs)(?![a-z])"
        r"|\W{0,3}(?:,? which )? ?(?:is|are|was|seems|appears|looks|must be|should be|would be|being)(?: to be)?"
        r"(?: (?:the|a|an|more|most|probably|likely|far|indeed|my|clearly))*"
        r" (?:correct|right|accurate|reliable|likely|trustworthy|authoritative|credible|answer|actual|true|current|final|"
        r"official|best|real|up-to-date|recent|one)(?![a-z])(?! according| in the image| in the text)"
    ),
    rejected_after=re.compile(
        rf"[\")' ]*(?:(?: from| in| on| by| given in| shown in| stated in)? (?:the |its |that )?(?:\w+ )?{SOURCE})?,?"
        r"(?: (?:that|which|figure|price|value|claim|one))?"
        r" (?:must|may|might|could|should|would|appears?|seems?|is|are|was|were|looks?|has|have)(?: to)?(?: have)?(?: be| been)?"
        r"(?: (?:a|an|the|probably|likely|clearly|simply|most|just|almost|certainly|to|be|obviously|now|considered))*"
        rf" {_FALSE}(?![a-z])"
        rf"|[\")' ]*(?:(?: in| from) the {SOURCE})?,?(?: which)? (?:isn't|wasn't|is not|was not|can't be|cannot be|could not be|"
        r"couldn't be) (?:the )?(?:\w+ )?(?:correct|right|accurate|reliable|true|answer|current|one|trusted|supported|valid|it|"
        r"possible|actual)(?![a-z])"
        r"|[\" ]*\((?:wrong|incorrect|outdated|not correct|error|false|old|typo|inaccurate)\)"
        r"|[\" ]*(?:(?:-|\u2014) )?(?:incorrect|wrong)(?=[.,;]|$)|[\")' ]*(?:is|was) not(?=[.,;]|$)"
        r"|[\")' ]*(?:(?:refers?|relates?|belongs?|applies) to|(?:is|was) (?:for|from|about))"
        r" (?:a different|another|something else)(?![a-z])"
    ),
    rejecting=words(
        "not never unlike cannot neither nor wrongly incorrectly mistakenly erroneously disregard disregarding ignore "
        "ignoring reject rejecting discard discarding dismiss dismissing excluding outdated incorrect wrong isn't wasn't "
        "aren't no isnt formerly previously unreliable erroneous"
    ),
    rejecting_pairs=pairs(
        "rather than",
        "instead of",
        "opposed to",
        "reliable than",
        "likely than",
        "accurate than",
        "ruled out",
        "rule out",
        "rules out",
        "no longer",
        "credible than",
        "trustworthy than",
        "used to",
        "ruling out",
        "authoritative than",
        "recent than",
        "dropped from",
        "reduced from",
        "down from",
        "up from",
        "raised from",
        "increased from",
        "lowered from",
        "changed from",
        "moved from",
        "postponed from",
        "rescheduled from",
        "cut from",
        "fell from",
        "rose from",
        "corrected from",
    ),
    preferred_to=frozenset({"over", "from", "down from", "up from", "instead of", "not the"}),
    bridging=words(
        "be the a an at is it of say says said think believe show shows exactly actually necessarily to seem appear really "
        "simply that its cost costs on have been worth equal was for in image's text's page's review's passage's value price "
        "figure older old claim claimed claims stated listed are by text image trust use stating mentioned dated set as "
        "state list listing priced likely probably than out over longer from"
    ),
    negative_suffix="n't",
    idle_negations=IDLE_NEGATIONS,
    negations=("n't", " not ", "cannot"),
    total_stems=("total", "altogether"),
    total_before=re.compile(
        r"(?:for|giving|making|with|i\.e\.,?|or|to|=) (?:a |the )?(?:daily |overall |combined )?"
        r"total (?:daily )?(?:dose |amount )?of $"
        r"|total?ling (?:to )?$"
    ),
    total_after=re.compile(r" ?(?:per day |a day |each day |daily |altogether )?(?:in total|total(?![a-z])|altogether)"),
    attribution=re.compile(
        rf"(?<![a-z]){SOURCE}(?![a-z])|(?<![a-z])(?:says?|states?|stated|stating|shows?|showing|showed|shown|lists?|listed|"
        r"reports?|reported|according|indicates?|indicated|claims?|claimed|mentions?|mentioned|gives?|quotes?|former|latter|first|"
        r"second|one|other|another|suggests?|describes?|displays?|depicts?|(?:one|it) reads)(?![a-z])"
        r"|[a-z)]:\s*$"
    ),
    attribution_after=re.compile(
        r"[\"')]*,? \(?(?:according to|in the|in one|in another|in (?:image|text|source)|from the|per |as per|on the"
        rf"|as (?:stated|shown|listed|per|given|indicated)|based on|by the|(?:the )?{SOURCE})"
    ),
    asserted=re.compile(
        r"(?<![a-z])(?:is|are|was|were|costs?|sells?|should|must|would|opens?|starts?|takes?|lies|it's|remains?|has|=)(?![a-z])"
    ),
    trusted=grouped(
        tuple(
            Cue(stem, re.compile(pattern))
            for stem, pattern in (
                *(
                    (stem, stem)
                    for stem in listed("trust believe reliable prefer defer correct authoritative accurate choose pick")
                ),
                *((stem, stem) for stem in listed("credible recent precedence")),
                ("rely", r"rely(?:ing)? on"),
                (" with", r"(?:go|going|side|siding) with"),
                ("favo", r"favou?r"),
                ("prioriti", r"prioriti[sz]"),
                ("us", r"(?<![a-z])us(?:e|ing)(?![a-z])"),
                ("up to date", r"up to date"),
            )
        ),
        ("re", "c"),
    ),
    sources=(
        ("image", "picture", "photo", "photograph", "visual", "screenshot", "graphic", "figure"),
        ("text", "passage", "article", "written", "paragraph"),
        ("page", "website", "listing"),
        ("review",),
        ("map",),
        ("chart",),
        ("note", "letter", "referral"),
        ("report",),
        ("record",),
        ("document",),
        ("label", "tag"),
        ("email", "message", "post"),
    ),
    ordinals={"former": 0, "first": 0, "latter": -1, "second": -1, "last": -1},
    source_links=("in ", "according", "from ", "on ", "per "),
)
