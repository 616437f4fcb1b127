"""The one exception a user is meant to see."""


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one sentence: the file, line or field, what was found, and what was expected
    instead. The command line prints it without a traceback and exits with status 2.
    """
