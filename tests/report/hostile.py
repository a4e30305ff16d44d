"""Names that a stranger's model may have, and what a page must be without."""

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onclick='alert(1)",
    "</title></svg></style></script><b>",
    "a\u202eb\x00\x1b[31m\n",
    "&lt;b&gt; {{ 7 * 7 }}{% raw %}",
    "n" * 10_000,
]
