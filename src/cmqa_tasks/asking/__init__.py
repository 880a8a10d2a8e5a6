"""From a fact to a question: items, protocols, options, prompts, and the record of what is asked.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
