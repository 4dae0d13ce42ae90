"""What a property speaks of: designation, location, members, figures, plans, people, and so on.

The page of a thing is ordered by these meanings; what is not listed comes under `other`.
"""

from __future__ import annotations

from typing import Final

from jiqun.vocabulary import KG

_GEO: Final = "http://www.opengis.net/ont/geosparql#"
_SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
_TERMS: Final = {
    "designation": (
        "designates onList confersTitle listedOn holdsTitle listYear applicationFor applicant "
        "leadApplicant jointApplicant appliedForBy awards cultivatedTowards nickname "
        "candidateFor candidateEntity targetTitle selectionMethod selectedIn entersList "
        "listPosition listSize missingMembers"
    ),
    "location": (
        "within contains locatedIn coreArea keyArea layoutOf administrativeCode isoCode "
        "jurisdiction administrativeLevel presentIn readLocation seat"
    ),
    "members": (
        "participant participationIn chainRole hasParticipant participatesIn produces includes "
        "inIndustry leadsIn strongIn focusesOn enterpriseClass mappedIndustry"
    ),
    "figures": (
        "about metric value bound unit population subsetOf populationOf size completeness "
        "standingProduct rank tier rankedBy period scope field disagreesWith periodDimension "
        "populationDimension sourceDimension disagreeingClaim disagreeingPassage disagreementKind "
        "disagreementOn"
    ),
    "plans": (
        "conductedBy since serves mechanismLevel issuer issuedDuring planPeriod setsGoal "
        "containsMeasure intendedBy intendedWith periodStart periodEnd targetBound targetMetric "
        "targetUnit targetValue"
    ),
    "people": (
        "holder post postIn unitOf claimant contributionTo contributor contributionRole "
        "promotionOrganisation"
    ),
    "group": "companyKind subsidiaryOf tradeNameOf legalName",
    "records": "ticker isin lei figi cik wmi pinyin originalTitle record recordedIn attribution",
}
_LINKS: Final = (
    *(f"{_SKOS}{name}Match" for name in ("exact", "close", "related", "broad", "narrow")),
    "http://www.w3.org/2000/01/rdf-schema#seeAlso",
    "https://schema.org/url",
)

MEANINGS: Final = (*_TERMS, "links", "other")
"""The meanings in the order in which a page shows them."""

_MEANING_OF: Final = {
    **{f"{KG}{name}": meaning for meaning, names in _TERMS.items() for name in names.split()},
    **dict.fromkeys(_LINKS, "links"),
    f"{_GEO}hasGeometry": "location",
}


def meaning_of(predicate: str) -> str:
    """Give the meaning of a property, one of `MEANINGS`."""
    return _MEANING_OF.get(predicate, "other")
