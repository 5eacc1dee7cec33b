# Aim: a file that the program wrote is, to h5py, what docs/silo-file.md says.
# Method: reads the example silo of silo_example.hpp, recomputes its formula and its digest.
import hashlib
import sys

import h5py
import numpy as np


def expected_rows(rows, features, classes):
    x = (np.arange(rows * features, dtype="float32") * np.float32(0.25) - np.float32(3)).reshape(rows, features)
    x[0, 1] = np.nan
    return x, np.arange(rows) % classes


def text(name):
    return file.attrs[name].decode()


with h5py.File(sys.argv[1], "r") as file:
    digest = hashlib.sha256()
    for group, rows in (("train", 7), ("test", 3)):
        x, y = expected_rows(rows, 3, 2)
        found_x, found_y = file[group + "/x"], file[group + "/y"]
        assert found_x.dtype == np.dtype("<f4") and found_y.dtype == np.dtype("<i4")
        assert found_x.chunks is not None and found_x.chunks[1:] == found_x.shape[1:]
        np.testing.assert_array_equal(found_x[...], x)
        np.testing.assert_array_equal(found_y[...], y)
        digest.update(found_x[...].tobytes())
        digest.update(found_y[...].tobytes())
    assert text("sha256") == digest.hexdigest()
    assert file.attrs["schema_version"] == 1
    assert text("task") == "binary"
    assert [name.decode() for name in file.attrs["feature_names"]] == ["age", "chol", "größe"]
    assert [name.decode() for name in file.attrs["class_names"]] == ["healthy", "ill"]
    assert text("origin") == "made up"
