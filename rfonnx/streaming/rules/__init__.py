"""How each kind of reading along time is written for chunks. One file per kind; which one holds, the access program says."""
