"""The one reader of what lmms-eval and lm-eval write.

    runs = read_runs(["runs/base", "tuned=runs/step-900"])
    runs[0].parts["image_text"].items                     # a typed table, one row an item

:func:`read_runs` gives a typed run for each model and setting below some directories; :func:`latest_results` and
:func:`latest_samples` a quick look at the newest evaluation below one, of other benchmarks as well. Results and samples files of
lmms-eval 0.6 and 0.7 and of lm-eval 0.4.12 and 0.4.13 are read, and the attention that ``cmqa_hf`` logs as Parquet.

:func:`read_runs` is public (see :mod:`cmqa_tasks`); the modules of this room are not.
"""

from cmqa_tasks.results.files import ResultsError
from cmqa_tasks.results.latest import latest_results, latest_samples
from cmqa_tasks.results.results_file import ResultsFile
from cmqa_tasks.results.runs import Run, RunDirectory, TaskRun, read_runs
from cmqa_tasks.results.stamp import UNKNOWN, ModelStamp, Setting, TaskStamp

__all__ = [
    "UNKNOWN",
    "ModelStamp",
    "ResultsError",
    "ResultsFile",
    "Run",
    "RunDirectory",
    "Setting",
    "TaskRun",
    "TaskStamp",
    "latest_results",
    "latest_samples",
    "read_runs",
]
