"""The ground room: atomic files, table cells, picture style, one-line errors.

    write_text(Path("table.md"), markdown.table(["arm", "rate"], [["image_text", number(0.5)]]))

Not part of the public API; see :mod:`cmqa_tasks`.
"""
