"""Precision and recall of reconciliation on the labelled names, over the index of a release.

python benchmarks/reconciliation.py release/
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path

from jiqun.rdf.namespaces import KG
from jiqun.search.full_text import FullText
from jiqun.search.index import SearchIndex
from jiqun.search.matching import decide, find_candidates

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from reconciliation.evaluation import Answer, measure, read_cases  # noqa: E402


def main(release: Path) -> None:
    """Print the measures, in all and by kind of variation."""
    folder = release / "search"
    index = SearchIndex(folder, FullText(folder / "names"), FullText(folder / "things"))
    cases = read_cases()
    answers, times = [], []
    for case in cases:
        classes = index.class_numbers([KG + case.type]) if case.type else None
        started = time.perf_counter()
        found = decide(find_candidates(index, case.name, classes, 5))
        times.append(time.perf_counter() - started)
        answers.append([Answer(each.thing.slug, each.score, each.match) for each in found])
    result = measure(cases, answers)
    times.sort()
    print(f"{result.cases} names")
    print(f"recall at 5            {result.recall_at_5:.4f}")
    print(f"recall at 1            {result.recall_at_1:.4f}")
    print(f"auto-match precision   {result.match_precision:.4f}")
    print(f"auto-match recall      {result.match_recall:.4f}")
    print(
        f"median {times[len(times) // 2] * 1000:.1f} ms, "
        f"95% {times[len(times) * 95 // 100] * 1000:.1f} ms a name"
    )
    by_kind = defaultdict(list)
    for case, given in zip(cases, answers, strict=True):
        by_kind[case.kind].append((case, given))
    for kind, pairs in sorted(by_kind.items()):
        part = [case for case, _ in pairs if case.expected]
        if part:
            kept = [given for case, given in pairs if case.expected]
            share = measure(part, kept)
            print(
                f"  {kind:28} {len(part):4}  @5 {share.recall_at_5:.3f}  matched "
                f"{share.match_recall:.3f}"
            )
    for case in result.missed:
        print("missed", case)
    for case, slug in result.mismatched:
        print("mismatched", case, "->", slug)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
