"""The ``cmqa`` command line: a module is a command, with its arguments and its call.

    main(["items", "image_text"])

Not part of the public API; see :mod:`cmqa_tasks`.
"""
