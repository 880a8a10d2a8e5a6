"""One HTML page about an evaluation: leaderboard, plots, attention and every answer, in a file that needs no network.

* :mod:`cmqa_tasks.reports.page.report` – what ``cmqa report`` does
* :mod:`cmqa_tasks.reports.page.boards`, ``ablation``, ``maps`` – the numbers of tables and plots
* :mod:`cmqa_tasks.reports.page.choice`, ``samples``, ``sources``, ``reasons`` – the sample browser: which items,
  what was asked and answered, where the evidence comes from, why an answer was scored so
* :mod:`cmqa_tasks.reports.page.attention_logs`, ``segments`` – the models' attention logs; attention per item
* :mod:`cmqa_tasks.reports.page.pack`, ``document`` – how data lie in the page; the page, within its size

Numbers come from :mod:`cmqa_tasks.reports.board` and nowhere else; the page's own code only shows them.
"""
