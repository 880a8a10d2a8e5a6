"""``python -m cmqa_tasks.cli``: the ``cmqa`` command."""

import sys

from cmqa_tasks.cli.main import main

sys.exit(main())
