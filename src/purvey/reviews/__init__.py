"""Reviews: what buyers say of what they bought, one each, with one to five stars.

Only a live entitlement from a purchase lets somebody speak, and what they said is shown as long as it lasts. The
author may answer once; the platform may hide a review; nobody deletes one.
"""

from purvey.reviews.actions import (
    AlreadyAnswered,
    AlreadyReviewed,
    CannotReview,
    answer_review,
    hide_review,
    post_review,
)
from purvey.reviews.model import Review, ReviewForm, Stats
from purvey.reviews.moving import hand_over
from purvey.reviews.reactions import reactions
from purvey.reviews.reads import may_review, reviews_of, stats_of, team_reviews

__all__ = [
    "AlreadyAnswered",
    "AlreadyReviewed",
    "CannotReview",
    "Review",
    "ReviewForm",
    "Stats",
    "answer_review",
    "hand_over",
    "hide_review",
    "may_review",
    "post_review",
    "reactions",
    "reviews_of",
    "stats_of",
    "team_reviews",
]
