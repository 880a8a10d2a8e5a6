"""From what a response says to an outcome and to a rate; reference policies; statistics.

    score_response(response, question) → ("conflict", …) → Scored → rates(arm, …)["balanced"]

A new metric is a row of :mod:`cmqa_tasks.scoring.metrics`; both harnesses and ``cmqa policies`` take it from there.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
