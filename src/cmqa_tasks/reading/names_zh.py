"""Chinese names: an open class, of which only place-like words are recognised without being expected."""

from __future__ import annotations

import re

from cmqa_tasks.reading.mention import BARE, Mention

_NAME = re.compile(
    r"[\u3400-\u9fff·]{1,8}?(?:大街|大道|胡同|街道|街|路|巷|道|弄|里弄|公园|广场|车站|地铁站|火车站|站|桥|码头|市场"
    r"|大厦|中心|公路|高速|隧道|门)(?![\u3400-\u9fff])"
    r"|[\u3400-\u9fff·]{1,8}?(?:大街|大道|胡同|街|路|巷|公园|广场|车站|站)"
)
_LEADS = re.compile(r"^.*[是在到往沿为的了经从至于过走叫做名即选取乘坐达位和与或非示说:]")
_NOT_NAMES = frozenset("一条街 这条街 那条街 哪条街 公交站 车站 地铁站 知道 街道 道路 这条路 那条路 两条街 最近车站 门口".split())


def name(cased: str) -> list[Mention]:
    """Place-like names by their ending; where one begins is a guess, cut behind the last word that no name holds."""
    found: list[Mention] = []
    for match in _NAME.finditer(cased):
        written = _LEADS.sub("", match[0])
        if len(written) > 2 or (len(written) == 2 and written[1] in "街路巷桥"):
            if written in _NOT_NAMES:
                continue
            found.append(Mention(match.end() - len(written), match.end(), (written,), BARE))
    return found


_TYPE = re.compile(r"(?:大街|大道|街道|胡同|公园|广场|车站|地铁站|火车站|街|路|巷|道|弄|站|桥|码头|市场|大厦|中心|公路)$")


def own_part_zh(name: str) -> str:
    """A name without its type: *榆树* of *榆树街*; empty when too little would be left."""
    own = _TYPE.sub("", name)
    return own if 2 <= len(own) < len(name) else ""
