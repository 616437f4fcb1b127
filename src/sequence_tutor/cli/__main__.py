"""`python -m sequence_tutor.cli` does what `sequence-tutor` does."""

import sys

from sequence_tutor.cli import main

sys.exit(main())
