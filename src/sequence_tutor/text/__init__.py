"""Lines of characters or words from any file, with ready reward terms."""

from sequence_tutor.text.domain import TextDomain
from sequence_tutor.text.view import TextView
from sequence_tutor.text.vocabulary import TextVocabulary

__all__ = ["TextDomain", "TextView", "TextVocabulary"]
