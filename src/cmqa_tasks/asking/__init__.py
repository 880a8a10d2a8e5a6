"""From a fact to a question: items, protocols, options, prompts, and the record of what is asked.

    items (which pieces stand where) → protocols, prompts (how it is put) → question (all of it, frozen)

Not part of the public API; see :mod:`cmqa_tasks`.
"""
