"""Our task files as packages, which is how lm-eval's entry point for tasks looks for them.

importlib.util.find_spec("cmqa_tasks.harness.task_packages.lm_eval").submodule_search_locations

Importing this module makes the files where they are not there yet, as in a checkout.
"""

from cmqa_tasks.harness.task_files import tasks_dir

__path__ = [str(tasks_dir("lm_eval").parent)]
