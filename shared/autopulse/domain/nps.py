"""The Net Promoter Score of a number of answers, with its confidence interval."""

from collections.abc import Mapping
from math import sqrt
from typing import Final, NamedTuple

PROMOTERS_FROM: Final = 9
PASSIVES_FROM: Final = 7
CATEGORIES: Final[Mapping[str, range]] = {
    "detractor": range(PASSIVES_FROM),
    "passive": range(PASSIVES_FROM, PROMOTERS_FROM),
    "promoter": range(PROMOTERS_FROM, 11),
}
"""NPS category -> its scores, from bad to good."""
Z_95: Final = 1.959964
"""The number of standard deviations around the mean that contain 95 % of a normal distribution."""


class Nps(NamedTuple):
    """A score from -100 to 100, with the 95 % confidence interval of the true score."""

    score: float
    low: float
    high: float


def category_of(score: int) -> str:
    """The NPS category of a score from 0 to 10: promoter, passive or detractor."""
    if score >= PROMOTERS_FROM:
        return "promoter"
    return "passive" if score >= PASSIVES_FROM else "detractor"


def nps_of(promoters: int, passives: int, detractors: int) -> Nps | None:
    """The score of answers 9 to 10, 7 to 8 and 0 to 6; None without any.

    The interval is the adjusted Wald interval for small samples: it adds three answers, spread 3/4, 3/2 and 3/4 (Rocks,
    "Interval Estimation for the Net Promoter Score", The American Statistician 70, 2016). The unadjusted interval has
    the width 0 after a single promoter.
    """
    answers = promoters + passives + detractors
    if not answers:
        return None
    count = answers + 3
    up, down = (promoters + 0.75) / count, (detractors + 0.75) / count
    middle = up - down
    margin = Z_95 * sqrt((up + down - middle**2) / count)
    score = (promoters - detractors) / answers
    return Nps(
        round(100 * score, 1),
        round(100 * max(-1.0, min(middle - margin, score)), 1),
        round(100 * min(1.0, max(middle + margin, score)), 1),
    )
