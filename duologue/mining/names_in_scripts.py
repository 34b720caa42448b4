"""Finds people's names in scripts without capitals: Chinese, Japanese, Korean, Arabic, Hindi.

A cue such as `我叫` or `اسمي` must introduce them. Where the cue also introduces other words, the
name must start with a family name, or be a first name, on Faker's lists.
"""

import importlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_HAN, _KANA, _HANGUL = r"\u4e00-\u9fff々", r"\u3041-\u30ff", r"\uac00-\ud7a3"
_ARABIC, _DEVANAGARI = r"[\u0621-\u064a]+", r"[\u0900-\u0963]+"
_OTHER_SCRIPTS = re.compile(rf"[{_HAN}{_KANA}{_HANGUL}\u0621-\u064a\u0900-\u0963]")
_JOINED = re.compile(rf"[{_HAN}{_KANA}{_HANGUL}]+")
_END = r"(?=[,，、،。.!！?？؟;；؛\s]|\Z)"

# What these words start with is also a family name.
_NO_NAME_WORDS = (
    "고객 회원 학생 주부 직원 신규 기존 한국 남자 여자 白领 黄金 高级 金牌 安全 老师 司机 "
    "会員 学生 金額 平日 今日 本日 高額 新規 大丈夫 小学生 中学生 高校生 大学生 店員 原因 石油 "
    "東京"
)
_NO_NAMES = frozenset(_NO_NAME_WORDS.split())


def is_joined(name: str) -> bool:
    """Checks whether a name is in a script in which nothing need stand between words."""
    return _JOINED.fullmatch(name) is not None


def names_in_scripts(text: str) -> Iterator[tuple[str, ...]]:
    """Yields names in scripts without capitals; Chinese, Japanese and Korean ones as one word."""
    if not _OTHER_SCRIPTS.search(text):
        return
    for pattern in _patterns():
        for match in pattern.finditer(text):
            words = tuple(match["name"].split())
            if not (_NO_NAMES & {*words}):
                yield words


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    han, kana = f"[{_HAN}]", f"[{_HAN}{_KANA}]"
    zh, ja, ko = (_any_of(_family_names(one)) for one in ("zh_CN", "ja_JP", "ko_KR"))
    arabic = _any_of(_first_names("ar_AA") | _first_names("ar_SA") | _first_names("ar_PS"))
    hindi = _any_of(_first_names("hi_IN"))
    hangul = f"[{_HANGUL}]"
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"(?:我叫|名字(?:是|叫)|姓名[:：]\s?|我是|本人|这是)(?P<name>{zh}{han}{{1,2}}){_END}",
            rf"(?P<name>{zh}{han}{{1,2}}?)(?:先生|女士|小姐|太太)",
            rf"(?:名前は|氏名[:：]\s?)\s?(?P<name>{kana}{{2,6}}?)(?:です|と|{_END})",
            rf"(?<!{han})(?P<name>{han}{{2,6}})(?:と申|といい|と言い)",
            rf"(?<!{han})(?P<name>{ja}{kana}{{0,4}}?)です{_END}",
            rf"(?<!{han})(?P<name>{ja}{han}{{0,3}})(?:さん|さま|様|氏)",
            rf"이름은\s?(?P<name>{ko}{hangul}{{1,3}}?)(?:이?라고|이?에요|예요|입니다|이고|{_END})",
            rf"(?:저는|나는|전)\s(?P<name>{ko}{hangul}{{1,2}})(?:이?라고|이?에요|예요|입니다|인데)",
            rf"(?<!{hangul})(?P<name>{ko}{hangul}{{1,2}})\s?씨",
            rf"(?<!\w)[اإ]سمي\s(?:هو\s)?(?P<name>{_ARABIC}(?:\s{_ARABIC})?)",
            rf"(?<!\w)(?:أنا|انا|معك|معكم)\s(?P<name>{arabic}(?:\s{_ARABIC})?){_END}",
            rf"नाम\s(?P<name>{hindi}(?:\s{_DEVANAGARI})?)\sहै",
            rf"मैं\s(?P<name>{hindi}(?:\s{_DEVANAGARI})?)\s(?:बोल|हू)",
        )
    )


def _any_of(names: frozenset[str]) -> str:
    return f"(?:{'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})"


def _family_names(locale: str) -> frozenset[str]:
    """Returns family names in the language's own script."""
    found = _provider(locale).last_names
    return frozenset(name if isinstance(name, str) else name[0] for name in found)


def _first_names(locale: str) -> frozenset[str]:
    return frozenset(_provider(locale).first_names)


def _provider(locale: str) -> Any:
    return importlib.import_module(f"faker.providers.person.{locale}").Provider


@lru_cache(maxsize=8)
def full_names(language: str) -> tuple[str, ...]:
    """Returns full names in a script in which they are one word."""
    family, first = _OF_ONE_WORD[language]
    return tuple(f"{one}{other}" for one in family.split() for other in first.split())


_OF_ONE_WORD = {
    "zh": ("王 李 张 刘 陈 杨 赵 周", "伟 芳 秀英 敏 静 丽 强 磊 洋 艳"),
    "ja": ("佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村", "太郎 花子 健一 美咲 翔太 陽子 大輔 直樹"),
    "ko": ("김 이 박 최 정 강 조 윤", "민준 서연 지훈 지우 현우 수진 영희 철수"),
}
"""By language: family names and first names that nothing separates."""


def language_of(name: str) -> str:
    """Returns the language of a name in such a script: a guess, by its letters."""
    if re.search(f"[{_HANGUL}]", name):
        return "ko"
    return "ja" if re.search(f"[{_KANA}々]", name) else "zh"
