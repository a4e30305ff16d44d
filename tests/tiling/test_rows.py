"""Arrays in files, by parts, against numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from rfonnx.tiling.storage.rows import Rows


@given(st.data())
def test_parts_are_those_of_numpy(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=0, max_dims=5, max_side=20))
    dtype = np.dtype(data.draw(st.sampled_from(["u1", "<f4", ">i2"])))
    offset = data.draw(st.integers(0, 200))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    path = tmp_path_factory.mktemp("rows") / "data"
    path.write_bytes(bytes(offset) + array.tobytes())
    starts = [data.draw(st.integers(0, n)) for n in shape]
    index = tuple(slice(start, data.draw(st.integers(start, n))) for start, n in zip(starts, shape, strict=True))
    np.testing.assert_array_equal(Rows(path, offset, shape, dtype)[index], array[index])
    Rows(path, offset, shape, dtype, "r+")[index] = -array[index]
    array[index] = -array[index]
    assert path.read_bytes() == bytes(offset) + array.tobytes()


def test_a_file_that_is_cut_off_is_not_read_past_its_end(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(100))
    with pytest.raises(ValueError, match="greater than file size"):
        Rows(tmp_path / "data", 0, (10, 20), np.dtype("u1"))[slice(0, 10), slice(0, 20)]
