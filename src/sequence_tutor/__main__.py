"""`python -m sequence_tutor` does what `sequence-tutor` does."""

import sys

from sequence_tutor.cli import main

sys.exit(main())
