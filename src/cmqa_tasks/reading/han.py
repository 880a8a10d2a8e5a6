"""Texts with Chinese characters: folding traditional to simplified, the Latin part of a mixed text, cutting long ones.

Everything here keeps the length of a text, so that positions mean the same in every view of it.
"""

from __future__ import annotations

import re

from cmqa_tasks.reading.normalise import FOLDED, WINDOW

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
"""One Chinese character."""
_RUN = re.compile("[\u3400-\u9fff\uf900-\ufaff\u3007]+")

SEPARATOR = "\x1f"
"""White space that nobody writes."""

_PAIRS = """
圖图資资據据證证說说説说與与為为爲为無无確确認认數数顯显實实際际衝冲沖冲觸触牴抵別别對对應应準准選选擇择個个箇个幣币歐欧鎊镑圓圆
萬万億亿兩两點点號号時时間间週周東东紅红藍蓝綠绿緑绿黃黄陽阳陰阴雲云霧雾陣阵風风盤盘貝贝類类雞鸡鷄鸡藥药頭头鐘钟鍾钟級级評评
顆颗滿满較较會会從从還还這这來来後后內内裡里裏里讓让請请關关於于問问題题結结論论總总終终則则並并併并沒没發发現现過过們们將将當当
樣样種种麼么嗎吗訊讯記记錄录録录報报導导書书寫写標标註注價价錢钱賣卖買买單单項项條条張张頁页網网檔档畫画圍围處处異异錯错誤误舊旧
輸输贏赢隊队場场賽赛進进達达約约僅仅餘余減减調调變变動动運运開开門门閉闭車车鐵铁橋桥樓楼層层廣广園园樹树葉叶鄉乡鎮镇縣县區区
國国華华馬马灣湾島岛嶺岭龍龙鳳凤陸陆劉刘趙赵陳陈吳吴楊杨許许蘇苏羅罗鄭郑謝谢韓韩馮冯蕭萧盧卢鄧邓蔣蒋譚谭賀贺顧顾龔龚孫孙體体
學学習习醫医療疗檢检驗验診诊斷断測测試试壓压脈脉膚肤製制劑剂膠胶雙双讀读閱阅觀观視视覺觉聽听見见親亲側侧邊边遠远離离長长寬宽
鄰邻線线經经緯纬轉转彎弯順顺橫横縱纵漸渐尋寻懷怀難难參参閃闪電电腦脑機机話话語语詞词譯译義义釋释辭辞稱称謂谓屬属領领員员職职
業业產产費费稅税額额帳账賬账碼码鍵键針针鏡镜銀银銅铜鋼钢鋁铝錶表褲裤襯衬裝装飾饰燈灯爐炉壺壶鍋锅盃杯櫃柜檯台臺台颱台濕湿溼湿
熱热涼凉溫温凍冻氣气預预曇昙霽霁颳刮飄飘灑洒傳传統统紀纪歲岁歷历曆历節节慶庆禮礼賓宾館馆飯饭廳厅廟庙劇剧藝艺術术團团眾众衆众
勝胜負负敗败輪轮聯联軍军計计幾几優优質质權权賴赖憑凭該该誰谁雖虽儘尽盡尽況况卻却設设獨独隻只祇只訂订購购補补償偿邏逻輯辑釐厘
噸吨呎尺違违歧歧衛卫護护歸归歡欢擊击鏈链連连絕绝豐丰滅灭樂乐戶户窗窗簡简復复複复覆覆隨随險险擋挡鬧闹麗丽燦灿爛烂艷艳豔艳莊庄
嚴严訴诉謹谨誠诚鮮鲜淺浅濃浓緊紧鬆松繼继續续給给筆笔勢势讚赞贊赞擔担僞伪偽伪啟启啓启頻频殘残澤泽溝沟濱滨瀏浏覽览礎础穩稳積积
範范納纳純纯紗纱紙纸紋纹細细組组絲丝綜综緒绪編编練练縮缩績绩織织繪绘繫系係系羣群聲声臉脸脫脱舉举艦舰蝦虾規规詢询詳详誇夸諾诺
謬谬識识議议譽誉豬猪貓猫財财貢贡貨货販贩貫贯責责貴贵賜赐賞赏跡迹蹤踪軟软軸轴載载輕轻輛辆輝辉辦办農农遞递遲迟遷迁邁迈醬酱鈔钞
鈣钙鈉钠鉛铅鎖锁閒闲隱隐雜杂靜静響响頂顶須须頓顿頗颇顏颜願愿飛飞飲饮騎骑驚惊魚鱼鳥鸟鴨鸭鵝鹅鷹鹰鴿鸽鷺鹭鴉鸦麥麦齊齐齡龄
乾干亞亚傘伞備备傷伤儀仪儲储兒儿務务勞劳匯汇彙汇協协廠厂喚唤嘗尝嚐尝囑嘱執执塊块墊垫壞坏夾夹奧奥奪夺獎奖婦妇媽妈寶宝專专屆届
崗岗嶼屿師师帶带幫帮幹干庫库廢废廚厨彈弹徑径愛爱態态慣惯憶忆懸悬戰战戲戏掃扫採采換换損损搶抢擁拥擬拟擴扩攝摄敘叙敵敌暫暂曉晓
棄弃極极榮荣構构槍枪樞枢橢椭櫻樱欄栏殺杀決决淨净淚泪湯汤滾滚漢汉潔洁災灾煙烟燒烧營营爭争爺爷牆墙獲获獸兽瑪玛環环畢毕盜盗監监
碩硕磚砖禦御稜棱穀谷競竞簽签籤签糧粮絡络維维罰罚聖圣聞闻肅肃腳脚膽胆臨临蘭兰虛虚蟲虫襲袭覓觅討讨訓训託托訪访誌志貼贴趨趋
躍跃輔辅逕径遊游適适郵邮釣钓鈴铃鋒锋閣阁靈灵韻韵驅驱鬥斗鬱郁鹽盐黨党齒齿瞭了僱雇絨绒鑄铸繩绳紡纺纜缆畫画薔蔷薇薇葦苇蘋苹
潰溃瘍疡黴霉癢痒腫肿
"""
_LETTERS = "".join(_PAIRS.split())
TRADITIONAL: dict[str, str] = {old: new for old, new in zip(_LETTERS[::2], _LETTERS[1::2], strict=True) if old != new}
"""Traditional characters, and variants, with their simplified form; one character for one."""

_HAN_FOLD: dict[int, str] = {
    **{code: folded for code, folded in FOLDED.items() if code not in (0x3002, 0xFF0C)},  # these stand in no number
    **{ord(old): new for old, new in TRADITIONAL.items()},
    **dict.fromkeys(map(ord, "「」『』《》〈〉＂"), '"'),
    **dict.fromkeys(map(ord, "【〔［"), "["),
    **dict.fromkeys(map(ord, "】〕］"), "]"),
    ord("\uffe5"): "\u00a5",
    ord("\uffe1"): "\u00a3",
    ord("\u25cb"): "〇",
    ord("\u25ef"): "〇",
    ord("\ufe6a"): "%",
    ord("\uff61"): "。",
    ord("\u2103"): "度",
}


def fold_han(text: str) -> str:
    """Typographic variants as plain ASCII and traditional characters as simplified ones, one character for one.

    Unlike in English, the full stop and the comma of Chinese stay as they are: they never belong to a number.
    """
    return text.translate(_HAN_FOLD)


def has_han(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return not text.isascii() and HAN.search(text) is not None


_COLON = re.compile("(?<![0-9]):")
"""A colon that stands in no time or score."""


def latin(text: str) -> str:
    """A folded text with white space for its Chinese characters: what an English sentence in it looks like to its reader.

    Inside a run of them it is no blank but a separator, lest patterns that skip blanks try every stretch of a long run.
    """
    return _RUN.sub(_blanks, text).replace("。", ".").replace("，", ",").replace("、", ",")


def islands(text: str) -> str:
    """A folded text with tildes for its Chinese characters, so that two numbers never become one: for readers of values."""
    return _COLON.sub(";", _RUN.sub(_tildes, text).replace("。", ";").replace("，", ";").replace("、", ";"))


def _blanks(match: re.Match[str]) -> str:
    size = match.end() - match.start()
    return " " if size == 1 else f" {SEPARATOR * (size - 2)} "


def _tildes(match: re.Match[str]) -> str:
    return "~" * (match.end() - match.start())


_CUTS = re.compile("[\\s。！？；，、]")


def windows_han(text: str) -> tuple[str, str]:
    """Head and tail of a long text, cut at white space or Chinese punctuation so that nothing is cut in two."""
    head, tail = text[:WINDOW], text[-WINDOW:]
    first = _CUTS.search(tail)
    last = max((head.rfind(mark) for mark in " \n\t。！？；，、"), default=-1)
    return head[:last] if last > 0 else "", tail[first.start() :] if first is not None else ""
