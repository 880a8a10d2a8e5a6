"""Results in the forms that others keep them in: Every Eval Ever's data store, and a model repository on the Hub.

    cmqa export runs/model --to every-eval-ever --organization "My lab" --relationship third_party --out data_to_send

Files are written here; sending them is the user's. Not part of the public API; see :mod:`cmqa_tasks`.
"""
