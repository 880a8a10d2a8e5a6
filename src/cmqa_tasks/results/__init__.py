"""The one reader of what lmms-eval and lm-eval write.

:func:`read_all` gives typed tables of everything below some directories; :func:`latest_results`, :func:`samples` and
:func:`metric` a quick look at one lmms-eval run. Results and samples files of lmms-eval 0.6 and 0.7 and of lm-eval 0.4.12 and
0.4.13 are read, and the attention that ``cmqa_hf`` logs as Parquet.
"""

from cmqa_tasks.results.entries import Entry, Part, Source, read_all
from cmqa_tasks.results.errors import ResultsError
from cmqa_tasks.results.latest import latest_results, metric, samples
from cmqa_tasks.results.stamp import UNKNOWN, Setting, Subject, TaskStamp

__all__ = [
    "UNKNOWN",
    "Entry",
    "Part",
    "ResultsError",
    "Setting",
    "Source",
    "Subject",
    "TaskStamp",
    "latest_results",
    "metric",
    "read_all",
    "samples",
]
