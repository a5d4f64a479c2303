"""The question bank, exams, attempts with all that was answered, and practice."""

from courses.exams.models.attempts import (
    Attempt,
    AttemptItem,
    AttemptSection,
    ItemMark,
    ItemResult,
    Response,
    Score,
    TimeExtension,
    TraceEvent,
)
from courses.exams.models.bank import (
    Domain,
    KeyCorrection,
    Question,
    QuestionCitation,
    QuestionCodeRef,
    QuestionReport,
    QuestionRevision,
)
from courses.exams.models.blueprints import (
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    PreparedForm,
    Sitting,
)
from courses.exams.models.checkpoints import Checkpoint, CheckpointAnswer
from courses.exams.models.practice import CardReview, Exposure, PracticeSettings, ReviewCard, StudyPlan

__all__ = [
    "Attempt",
    "AttemptItem",
    "AttemptSection",
    "Blueprint",
    "BlueprintDomain",
    "BlueprintSection",
    "CardReview",
    "Checkpoint",
    "CheckpointAnswer",
    "Domain",
    "Exposure",
    "ItemMark",
    "ItemResult",
    "KeyCorrection",
    "PracticeSettings",
    "PreparedForm",
    "Question",
    "QuestionCitation",
    "QuestionCodeRef",
    "QuestionReport",
    "QuestionRevision",
    "Response",
    "ReviewCard",
    "Score",
    "Sitting",
    "StudyPlan",
    "TimeExtension",
    "TraceEvent",
]
