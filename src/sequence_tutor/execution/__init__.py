"""Work given to other processes. Free of torch, so that workers start quickly.

Only what is named here is promised to executors of other packages, see `docs/extend/executor.md`.
"""

from sequence_tutor.execution.protocol import FAULTS_OF_AN_ITEM, Executor, Lost, attempt

__all__ = ["FAULTS_OF_AN_ITEM", "Executor", "Lost", "attempt"]
