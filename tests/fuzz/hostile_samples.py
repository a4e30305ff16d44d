"""Samples and configurations as a malicious hand would write them."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Random = np.random.Generator


def pick(random: Random, options: list) -> Any:
    return options[int(random.integers(len(options)))]


def header(descr: str, shape: str, order: str = "False", version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}\n".encode("latin1")
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text


def npy(random: Random, shape: tuple[int, ...]) -> bytes:
    """An array, or what pretends to be one."""
    good = io.BytesIO()
    np.save(good, random.standard_normal(shape).astype(np.float32))
    descr = str(
        pick(
            random,
            [
                "'<f4'",
                "'>f4'",
                "'|V0'",
                "'|O'",
                "'<U5'",
                "'<f2'",
                "'|b1'",
                "'<M8[ns]'",
                "[]",
                "[('a','<f4')]",
                "('<f4',(2,))",
                "'f4,f4'",
                "'<c16'",
                "None",
                "5",
            ],
        )
    )
    lengths = str(
        pick(
            random,
            [
                str(shape),
                "()",
                "(0,)",
                "(-1,)",
                "(True,)",
                "(2**9,)",
                "(1e9,)",
                "[1]",
                "(" * 500 + ")" * 500,
                f"({2**63},)",
                f"({2**62}, 0)",
                "(1,)*9",
                "{}",
                "(1,2,3" + ",1" * 80 + ")",
            ],
        )
    )
    match int(random.integers(5)):
        case 0:
            return good.getvalue()[: int(random.integers(200))]
        case 1:
            data = bytearray(good.getvalue())
            for _ in range(4):
                data[int(random.integers(min(len(data), 130)))] = int(random.integers(256))
            return bytes(data)
        case 2:
            return header(descr, str(shape)) + bytes(4000)
        case 3:
            return header(
                "'<f4'", lengths, str(pick(random, ["False", "True", "3", "None"])), int(pick(random, [1, 2, 3]))
            ) + bytes(4000)
        case _:
            return good.getvalue()


def archive(random: Random, shape: tuple[int, ...]) -> bytes:
    """A .npz with lies in its tables."""
    made = io.BytesIO()
    method = int(pick(random, [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", method) as z:
        warnings.simplefilter("ignore")  # of names that stand there twice
        for name in [
            str(
                pick(
                    random,
                    [
                        "x.npy",
                        "../x.npy",
                        "/etc/x.npy",
                        "x.npy",
                        "labels.npy",
                        "y",
                        ".npy",
                        "a" * 60_000 + ".npy",
                        "x\n.npy",
                    ],
                )
            )
            for _ in range(int(random.integers(0, 4)))
        ]:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            if random.random() < 0.2:
                entry.external_attr = 0o120777 << 16  # a link
            z.writestr(entry, npy(random, (4, *shape)) if entry.external_attr == 0 else b"/etc/passwd")
        z.comment = b"c" * int(random.integers(0, 60_000)) if random.random() < 0.2 else b""
    data = bytearray(made.getvalue())
    central = data.find(b"PK\x01\x02")
    if central >= 0:
        match int(random.integers(8)):
            case 0:
                data[central + 8] |= 1  # encrypted
            case 1:
                data[central + 10 : central + 12] = struct.pack("<H", int(random.integers(0, 100)))  # method
            case 2:
                data[central + 24 : central + 28] = struct.pack("<I", 2**32 - 2)  # size
            case 3:
                data[central + 20 : central + 28] = b"\xff" * 8  # see zip64, which is not there
            case 4:
                data[central + 42 : central + 46] = struct.pack("<I", int(random.integers(2**32)))  # offset
            case 5:
                data[central + 16 : central + 20] = b"\0\0\0\0"  # checksum
            case 6:
                del data[int(random.integers(len(data))) :]
    return bytes(data)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def image(random: Random) -> tuple[bytes, str]:
    """An image, or what pretends to be one, and the ending of its file."""
    pixels = random.integers(0, 256, (12, 10, 3), np.uint8)
    kind, ending = pick(
        random,
        [("PNG", ".png"), ("JPEG", ".jpg"), ("BMP", ".bmp"), ("WEBP", ".webp"), ("PPM", ".ppm"), ("TIFF", ".tif")],
    )
    made = io.BytesIO()
    mode = str(pick(random, ["RGB", "L", "RGBA", "CMYK", "I;16", "P", "1", "LA"]))
    plain = Image.fromarray(pixels)
    try:
        plain.convert(mode).save(made, kind)
    except (OSError, ValueError):
        made = io.BytesIO()
        plain.save(made, kind)
    data = bytearray(made.getvalue())
    match int(random.integers(8)):
        case 0:
            del data[int(random.integers(len(data))) :]
        case 1:
            for _ in range(6):
                data[int(random.integers(len(data)))] = int(random.integers(256))
        case 2:  # sizes
            head = struct.pack(
                ">IIBBBBB",
                int(pick(random, [0, 1, 2**31 - 1, 2**32 - 1, 70_000])),
                int(pick(random, [0, 1, 2**31, 60_000])),
                int(pick(random, [1, 8, 16])),
                int(pick(random, [0, 2, 3, 6, 7])),
                0,
                0,
                int(random.integers(3)),
            )
            return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(
                b"IEND", b""
            ), ".png"
        case 3:  # a text of 60 MB in 60 KB
            text = chunk(
                str(pick(random, ["zTXt", "iTXt", "iCCP"])).encode(), b"a\0\0" + zlib.compress(bytes(60_000_000), 9)
            )
            return bytes(data[:33]) + text + bytes(data[33:]), ".png"
        case 4:  # many frames
            frames = [Image.fromarray(random.integers(0, 256, (9, 9, 3), np.uint8)) for _ in range(5)]
            style, end = pick(random, [("TIFF", ".tif"), ("PNG", ".png"), ("WEBP", ".webp"), ("GIF", ".png")])
            made = io.BytesIO()
            frames[0].save(made, style, save_all=True, append_images=frames[1:])
            return made.getvalue(), str(end)
        case 5:  # EXIF of nonsense
            made = io.BytesIO()
            plain.save(made, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 65535) + random.bytes(3000))
            return made.getvalue(), ".jpg"
        case 6:  # a directory of tags that points at itself
            return b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 256, 4, 2**31, 8) + struct.pack(
                "<I", 8
            ), ".tif"
        case _:
            big, small = pick(random, [(50_000, 1), (1, 50_000), (4000, 4200), (2, 2)])
            return f"P5 {big} {small} 255\n".encode() + bytes(int(big) * int(small)), ".pgm"
    return bytes(data), str(pick(random, [ending, ".png"]))


VALUES = [
    "-5",
    "0",
    "1" + "0" * 30,
    "nan",
    "-inf",
    "true",
    '"x"',
    "[]",
    "{}",
    "1979-05-27",
    "[[[[1]]]]",
    '"\\u202e"',
    "''",
    "9" * 4400,
    "0x7fffffffffffffff",
    "1e400",
    "{a.b.c.d = 1}",
    '"' + "k" * 9000 + '"',
    "[1, 'a', {}]",
]
KEYS = [
    "data",
    "samples",
    "seed",
    "batch",
    "kind",
    "task",
    "class-axis",
    "temperature",
    "layers",
    "layer-limit",
    "fields",
    "latency-runs",
    "threads",
    "provider",
    "limits",
    "outputs",
    "inputs",
    "values",
    "batch-axes",
    "prepare",
    "teacher",
    "student",
    "on-error",
    "tasks",
    "limits.kl",
    "limits.y.kl",
    "prepare.size",
    "prepare.mean",
    "values.x",
    "odd",
    '""',
    '"a\\u0000b"',
]
CHECKS = [
    "fail-level",
    "against",
    "shapes",
    "values",
    "batch-axes",
    "rules",
    "rules.causal",
    "rules.field-minimum",
    "rules.max-latency",
    "shapes.x",
    "rules.RF001",
    "rules.coverage.min",
    "odd",
]


def toml(random: Random) -> bytes:
    match int(random.integers(6)):
        case 0:
            return ("[compare]\n" + "\n".join(f"a = {'[' * 300}" for _ in range(3))).encode()
        case 1:
            return b"\n".join(b"[compare." + b".".join([b"a"] * 4000) + b".b%d]" % i for i in range(8))
        case 2:
            return random.bytes(300)
        case 3:
            return b"\xef\xbb\xbf[compare]\nsamples = 2\n\x0b"
    lines = ["[compare]"] + [
        f"{pick(random, KEYS)} = {pick(random, VALUES)}" for _ in range(int(random.integers(1, 3)))
    ]
    lines += ["[check]"] + [
        f"{pick(random, CHECKS)} = {pick(random, VALUES)}" for _ in range(int(random.integers(0, 2)))
    ]
    return "\n".join(lines).encode()


def hostile_samples(random: Random, folder: Path, shape: tuple[int, ...]) -> tuple[Path, str]:
    """Samples for a model that takes that shape: a file, or a folder with it; and what they are."""
    what = str(pick(random, ["npy", "npz", "image", "image", "odd"]))
    inside = folder / "samples"
    inside.mkdir()
    if what == "npy":
        path = inside / "x.npy"
        path.write_bytes(npy(random, (4, *shape) if random.random() < 0.5 else shape))
    elif what == "npz":
        path = inside / "x.npz"
        path.write_bytes(archive(random, shape))
    elif what == "image":
        data, ending = image(random)
        path = inside / f"x{ending}"
        path.write_bytes(data)
    else:
        path = inside / str(pick(random, ["x.npy", "x.png", "x.npz", "\n.png", "::error::.npy", "\u202e.png"]))
        match int(random.integers(4)):
            case 0:
                os.mkfifo(path)
            case 1:
                path.symlink_to(
                    str(pick(random, ["/dev/zero", "/dev/full", "/proc/self/mem", "x.npy", "/proc/kmsg", "."]))
                )
            case 2:
                path.mkdir()
            case _:
                path.write_bytes(b"")
    return (inside if random.random() < 0.6 else path), what
