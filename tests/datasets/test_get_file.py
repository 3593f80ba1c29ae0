"""`schuss.utils.get_file`."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from schuss.utils import get_file


def tar_of(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_of(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_name_from_the_address(server, cache):
    server.files["a.csv"] = b"1,2"
    path = get_file(origin=server.url + "a.csv?raw=1".removesuffix("?raw=1"))
    assert Path(path) == cache / "datasets" / "a.csv"
    get_file(origin=server.url + "a.csv")
    assert len(server.requests) == 1


def test_folders(server, tmp_path):
    server.files["a.csv"] = b"1,2"
    path = get_file("b.csv", server.url + "a.csv", cache_dir=str(tmp_path), cache_subdir="sub")
    assert Path(path) == tmp_path / "sub" / "b.csv"


def test_given_files_come_first(server, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("mine")
    monkeypatch.setenv("SCHUSS_DATASETS", str(tmp_path))
    assert Path(get_file("a.csv", server.url + "a.csv")).read_text() == "mine"
    assert server.requests == []


def test_force_download(server):
    server.files["a.csv"] = b"old"
    get_file("a.csv", server.url + "a.csv")
    server.files["a.csv"] = b"new"
    assert Path(get_file("a.csv", server.url + "a.csv", force_download=True)).read_bytes() == b"new"


def test_a_damaged_file_is_downloaded_again(server):
    server.files["a.csv"] = b"right"
    expected = hashlib.sha256(b"right").hexdigest()
    path = Path(get_file("a.csv", server.url + "a.csv", file_hash=expected))
    path.write_bytes(b"wrong")
    assert Path(get_file("a.csv", server.url + "a.csv", file_hash=expected)).read_bytes() == b"right"


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_extract(server, cache, pack):
    server.files["a"] = pack({"inner/b.txt": b"text"})
    for fname, folder in [("flowers", "flowers"), ("data.zip", "data_extracted")]:
        path = Path(get_file(fname, server.url + "a", extract=True))
        assert path == cache / "datasets" / folder
        assert (path / "inner" / "b.txt").read_bytes() == b"text"


@pytest.mark.parametrize(
    "content",
    [
        tar_of({"../out.txt": b"x"}),
        tar_of({"/out.txt/../../x": b"x"}),
        tar_of({"link": "../../..", "link/out.txt": b"x"}),
        zip_of({"../out.txt": b"x"}),
        zip_of({"a\\..\\..\\out.txt": b"x"}),
    ],
    ids=["tar", "tar absolute", "tar link", "zip", "zip backslashes"],  # a tar's bytes have the time in them
)
def test_members_outside_of_the_archive(server, cache, content):
    server.files["a"] = content
    with pytest.raises(ValueError, match="cannot be unpacked"):
        get_file("evil", server.url + "a", extract=True)
    assert [p.name for p in cache.rglob("*") if p.is_file()] == ["evil_archive"]


def test_a_truncated_archive(server):
    server.files["a"] = tar_of({"b": bytes(range(256)) * 100})[:-40]
    with pytest.raises(ValueError, match="cannot be unpacked"):
        get_file("cut", server.url + "a", extract=True)


def test_no_archive(server):
    server.files["a"] = b"text"
    with pytest.raises(ValueError, match=r"is not an archive \(tar or zip was expected\)"):
        get_file("text", server.url + "a", extract=True)


def test_names_with_folders():
    with pytest.raises(ValueError, match="Paths are not accepted as the `fname` argument"):
        get_file("../a", "http://127.0.0.1/a")


def test_no_origin():
    with pytest.raises(ValueError, match='specify the "origin" argument'):
        get_file("a")
