"""Lines of characters or of words from any file, with rewards of one's own and some ready ones."""

from sequence_tutor.text.domain import TextDomain
from sequence_tutor.text.view import TextView
from sequence_tutor.text.vocabulary import TextVocabulary

__all__ = ["TextDomain", "TextView", "TextVocabulary"]
