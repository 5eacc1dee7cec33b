"""Writes silo files that lie about themselves, each with one fault, and prints: name, then what its error must say.

usage: hostile_files.py FOLDER
"""
import hashlib
import pathlib
import sys

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])
ROWS, COLUMNS = 40, 3
x = np.random.default_rng(1).normal(size=(ROWS, COLUMNS)).astype("float32")
y = (x[:, 0] > 0).astype("float32")
GOOD = {"train/x": x, "train/y": y, "test/x": x[:8], "test/y": y[:8]}


def write(name, change, says, **arrays):
    """`change` puts its own thing in the place of a data set; the digest is that of the arrays."""
    kept = {**GOOD, **{key.replace("__", "/"): value for key, value in arrays.items()}}
    with h5py.File(folder / f"{name}.h5", "w") as file:
        for key, array in kept.items():
            file.create_dataset(key, data=array)
        file.attrs["schema_version"] = 1
        file.attrs["task"] = "binary"
        file.attrs["feature_names"] = ["a", "b", "c"]
        file.attrs["class_names"] = ["no", "yes"]
        file.attrs["sha256"] = hashlib.sha256(b"".join(a.tobytes() for a in kept.values())).hexdigest()
        if change:
            change(file)
    print(f"{name}\t{says}")


def instead(key, make):
    def change(file):
        del file[key]
        make(file)

    return change


def external_raw(file):
    (folder / "raw.bin").write_bytes(x.tobytes())
    file.create_dataset("train/x", shape=x.shape, dtype="float32", external=[(str(folder / "raw.bin"), 0, x.nbytes)])


def virtual(file):
    layout = h5py.VirtualLayout(shape=x.shape, dtype="float32")
    layout[:] = h5py.VirtualSource(str(folder / "good.h5"), "train/x", shape=x.shape)
    file.create_virtual_dataset("train/x", layout)


def unknown_filter(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((8, COLUMNS))
    plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)  # zstd, a plugin
    h5py.h5d.create(file["train"].id, b"x", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(x.shape), plist)


def group_in_itself(file):
    del file["train/x"]
    file["train/x"] = file["train"]


def patch(name, old, new, says):
    """The good file with other bytes, for what the library does not write."""
    whole = (folder / "good.h5").read_bytes()
    assert whole.count(old) >= 1 and len(old) == len(new)
    (folder / f"{name}.h5").write_bytes(whole.replace(old, new, 1))
    print(f"{name}\t{says}")


def extent_of_train_x(rank, rows):
    """Its shape as HDF5 stores it: version 1, rank, that largest sizes follow, five reserved bytes, then the sizes."""
    return bytes([1, rank, 1, 0, 0, 0, 0, 0]) + rows.to_bytes(8, "little") + COLUMNS.to_bytes(8, "little")


def put(key, **arguments):
    return instead(key, lambda file: file.create_dataset(key, **arguments))


write("good", None, "")
write("external_link", instead("train/x", lambda f: f.__setitem__("train/x", h5py.ExternalLink("good.h5", "train/x"))), "train/x")
write("soft_link", instead("train/x", lambda f: f.__setitem__("train/x", h5py.SoftLink("/test/x"))), "train/x")
write("cyclic_link", instead("train/x", lambda f: f.__setitem__("train/x", h5py.SoftLink("/train/x"))), "train/x")
write("cyclic_group", instead("train", lambda f: f.__setitem__("train", h5py.SoftLink("/train"))), "train")
write("external_raw", instead("train/x", external_raw), "train/x")
write("virtual", instead("train/x", virtual), "train/x")
write("unknown_filter", instead("train/x", unknown_filter), "train/x")
write("rank_0", put("train/x", data=np.float32(1)), "train/x")
write("rank_1", put("train/x", data=np.zeros(ROWS, "float32")), "train/x")
write("rank_32", put("train/x", data=np.zeros((ROWS,) + (1,) * 31, "float32")), "train/x")
write("huge", put("train/x", shape=(2**60, COLUMNS), dtype="float32", chunks=(8, COLUMNS), maxshape=(None, COLUMNS)), "train/x")
write("huge_rows", put("train/y", shape=(2**60,), dtype="float32", chunks=(8,)), "train/y")
write("texts", put("train/x", data=np.full((ROWS, COLUMNS), "1.0", dtype=object), dtype=h5py.string_dtype()), "train/x")
write("doubles", put("train/x", data=x.astype("float64")), "train/x")
write("big_endian", put("train/x", data=x.astype(">f4")), "train/x")
write("compound", put("train/y", data=np.zeros(ROWS, dtype=[("a", "f4")])), "train/y")
write("group_for_data", instead("train/y", lambda f: f.create_group("train/y")), "train/y")
write("nan_label", None, "train/y", train__y=np.where(np.arange(ROWS) == 7, np.nan, y).astype("float32"))
write("infinite_value", None, "train/x", train__x=np.where(np.arange(ROWS * COLUMNS).reshape(x.shape) == 9, np.inf, x).astype("float32"))
write("label_out_of_range", None, "train/y", train__y=(y * 2).astype("float32"))
write("half_label", None, "train/y", train__y=(y * 0.5).astype("float32"))
write("no_rows", None, "train/x", train__x=x[:0], train__y=y[:0])
write("fewer_labels", None, "train/y", train__y=y[:-1])
write("external_group", instead("train", lambda f: f.__setitem__("train", h5py.ExternalLink("good.h5", "train"))), "train: is a soft or external link")
write("group_in_itself", group_in_itself, "train/x: is no data set")
write("no_extent", instead("train/x", lambda f: f.create_dataset("train/x", data=h5py.Empty("f4"))), "train/x: holds a single value")
write("rank_0_labels", put("train/y", data=np.float32(1)), "train/y: holds a single value")
write("no_columns", put("train/x", data=np.zeros((ROWS, 0), "float32")), "a sample has no values")
write("number_lists", put("train/x", shape=(ROWS, COLUMNS), dtype=h5py.vlen_dtype(np.dtype("float32"))), "train/x: float32 or uint8")
write("text_labels", put("train/y", data=np.full(ROWS, "1", dtype=object), dtype=h5py.string_dtype()), "train/y: float32 or integers")
write("nan_test_label", None, "test/y, row 3", test__y=np.where(np.arange(8) == 3, np.nan, y[:8]).astype("float32"))
write("negative_label", None, "train/y, row 0", train__y=np.full(ROWS, -1, "int32"))
write("large_label", None, "train/y, row 0", train__y=np.full(ROWS, 2**63, "uint64"))
write("chunk_of_gigabytes", put("train/x", data=x, chunks=(2**27, COLUMNS), maxshape=(None, COLUMNS), compression="gzip"),
      "train/x: is stored in chunks of 134217728 x 3")


def wide(shape):
    """Few bytes stored, many values a sample; neither has names of its own."""
    def change(file):
        del file.attrs["feature_names"]
        for group in ("train", "test"):
            del file[group + "/x"], file[group + "/y"]
            file.create_dataset(group + "/x", shape=shape, dtype="float32", compression="gzip", fillvalue=0, chunks=True)
            file[group + "/x"][...] = 0
            file[group + "/y"] = np.zeros(shape[0], "float32")

    return change


write("wide_table", wide((1, 2**20 + 1)), "train/x: a sample of 1048577 has 1048577 values; 1048576 at most")
write("wide_image", wide((1, 3000, 3000)), "train/x: a sample of 3000 x 3000 has 9000000 values; 4194304 at most")
write("other_scale", None, "test/x@scale: 0.25 found, 0.5 is wanted")
with h5py.File(folder / "other_scale.h5", "r+") as file:
    for group, scale in (("train", 0.5), ("test", 0.25)):
        rows = len(file[group + "/x"])
        del file[group + "/x"]
        file.create_dataset(group + "/x", data=np.zeros((rows, COLUMNS), "uint8")).attrs["scale"] = scale
write("other_type", put("test/x", data=np.zeros((8, COLUMNS), "uint8")), "test/x: uint8 found, float32 is wanted")
write("latin1_origin", lambda f: f.attrs.__setitem__("origin", np.bytes_(b"Z\xfcrich")), "origin: \"Z\\xfcrich\" is not UTF-8")
write("escape_in_task", lambda f: f.attrs.__setitem__("task", "\x1b[2Jbinary"), "task is \"\\x1b[2Jbinary\"")
EXTENT = extent_of_train_x(2, ROWS)
patch("rank_33", EXTENT, extent_of_train_x(33, ROWS), "train/x: is no data set: HDF5 says: simple dataspace dimensionality is too large")
patch("rank_255", EXTENT, extent_of_train_x(255, ROWS), "train/x: is no data set: HDF5 says: simple dataspace dimensionality is too large")
patch("huge_in_place", EXTENT, extent_of_train_x(2, 2**60), "train/x: has shape 1152921504606846976 x 3, which needs")
(folder / "zeros.h5").write_bytes(bytes((folder / "good.h5").stat().st_size))
print("zeros\tzeros.h5")
(folder / "text.h5").write_text("age,dose,ill\n50,1,0\n" * 100)
print("text\ttext.h5")
print("missing\tno such file")
