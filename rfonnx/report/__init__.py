"""Reports: one result, many formats. `formats` is the table of them; a new format is a new file and a line there.

What people read (`text`, `terminal`, `markdown`) is made as a `Document` first, so that a new report is written once. What
programs read (`json`, `csv`) is made from the result itself.
"""
