"""Times of search and reconciliation over an index of synthetic companies.

python benchmarks/search.py [number of companies, 100000]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jiqun.knowledge.release.search_entries import Entry, Kind, Label, pinyin
from jiqun.knowledge.release.search_index import write_entries
from jiqun.names import LABEL, PINYIN, SOUGHT
from jiqun.rdf.namespaces import KG
from jiqun.search.full_text import search
from jiqun.search.index import SearchIndex
from jiqun.search.matching import find_candidates, mark_match

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jiqun.search.matching import Candidate

PLACES = [
    "北京",
    "上海",
    "天津",
    "重庆",
    "石家庄",
    "唐山",
    "保定",
    "深圳",
    "广州",
    "苏州",
    "杭州",
    "宁波",
    "合肥",
    "武汉",
    "成都",
    "西安",
]
SOUNDS = "华中国新科创智能源远大东方星海龙凤金玉明光宏达兴盛泰安康宁博雅天宇航信联通普瑞恒力德凯利"
TRADES = [
    "汽车",
    "电子",
    "生物",
    "医药",
    "新材料",
    "机械",
    "航空",
    "软件",
    "半导体",
    "机器人",
    "光伏",
    "电池",
    "装备",
    "化工",
    "钢铁",
]
FORMS = ["有限公司", "股份有限公司", "集团有限公司", "科技有限公司"]


def companies(count: int) -> list[Entry]:
    """Return synthetic companies with realistic names, the same in every run."""
    chance = random.Random(2024)  # noqa: S311 -- nothing secret
    entries = []
    for number in range(count):
        name = "".join(
            (
                chance.choice(PLACES),
                *chance.choices(SOUNDS, k=2),
                chance.choice(TRADES),
                chance.choice(FORMS),
            )
        )
        read = pinyin(name)
        names = (
            Label(f"{read.title()} Co., Ltd.", "en", LABEL),
            Label(name, "zh-Hans", LABEL),
            Label(read, "zh-Latn-pinyin", PINYIN),
        )
        company = (f"{KG}Company",)
        described = {"en": "company"}
        entries.append(Entry(f"company-{number}", names, company, company, SOUGHT, described))
    return entries


def report(what: str, task: Callable[[str], object], texts: Sequence[str]) -> None:
    """Print median, 95th percentile and processor time of a task over texts."""
    times = []
    worked = time.process_time()
    for text in texts:
        started = time.perf_counter()
        task(text)
        times.append((time.perf_counter() - started) * 1000)
    worked = (time.process_time() - worked) * 1000 / len(times)
    times.sort()
    middle, late = times[len(times) // 2], times[len(times) * 95 // 100]
    print(f"{what:36} median {middle:5.1f} ms, 95% {late:5.1f} ms, processor {worked:5.1f} ms")


def report_found(
    what: str, task: Callable[[str], list[Candidate]], texts: Sequence[str], names: Sequence[str]
) -> None:
    """Print the share of texts that find the thing with the right name among the first five."""
    found = 0
    for text, name in zip(texts, names, strict=True):
        found += any(each.thing.labels["zh-Hans"] == name for each in task(text)[:5])
    print(f"{what:36} found {found / len(texts):.3f}")


def main(count: int) -> None:
    """Build the index and measure it."""
    entries = companies(count)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "search"
        started = time.perf_counter()
        write_entries([Kind(f"{KG}Company", {"en": "company"})], entries, place)
        size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
        built = time.perf_counter() - started
        print(f"{count} companies: {built:.1f} s to build, {size / 1e6:.0f} MB")
        index = SearchIndex(place)
        find_candidates(index, "北京", None, 5)
        chance = random.Random(7)  # noqa: S311 -- nothing secret
        names = [entry.names[1].text for entry in chance.sample(entries, 200)]
        short = [name[: name.index(form)] for name in names for form in FORMS if form in name][:200]
        wrong = [name[:3] + chance.choice(SOUNDS) + name[4:] for name in names]
        asked = chance.sample(entries, 200)
        latin = [entry.names[0].text for entry in asked]
        slips = [text[:5] + chance.choice("aeiou") + text[6:] for text in latin]
        words = [f"{chance.choice(PLACES)} {chance.choice(TRADES)}" for _ in range(100)]

        def reconcile(text: str) -> list[Candidate]:
            return mark_match(find_candidates(index, text, None, 5))

        def look(text: str) -> object:
            return search(index, text, None, 1, "en")

        report("reconcile the whole name", reconcile, names)
        report("reconcile without the ending", reconcile, short)
        report("reconcile with a wrong character", reconcile, wrong)
        report("reconcile pinyin with Co., Ltd.", reconcile, latin)
        report("reconcile pinyin with a wrong letter", reconcile, slips)
        report_found("a wrong character", reconcile, wrong, names)
        report_found("a wrong letter", reconcile, slips, [each.names[1].text for each in asked])
        report("search for the whole name", look, names)
        report("search for a place and a trade", look, words)
        report("search for one Han character", look, list(SOUNDS))
        report("search for the beginning of a word", look, ["shen", "bei", "s", "co", "tangs"] * 10)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
