"""`schuss.utils._download`: resumed, checked, atomic."""

import hashlib
import threading

import pytest

from schuss.utils._download import DownloadError, download
from schuss.utils._folders import cache_folder

CONTENT = bytes(range(256)) * 1200
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "data.bin"


@pytest.fixture
def source(server):
    server.files["data.bin"] = CONTENT
    return server


def test_downloads(source, path):
    download(source.url + "data.bin", path, SHA256)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["data.bin"]


def test_a_broken_connection_is_continued(source, path):
    source.cut_after = [100_000, 50_000]
    download(source.url + "data.bin", path, SHA256)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in source.requests] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_continues(source, path):
    source.cut_after = [100_000, 0]
    with pytest.raises(DownloadError, match="run again to continue"):
        download(source.url + "data.bin", path, SHA256)
    assert not path.exists()
    download(source.url + "data.bin", path, SHA256)
    assert source.requests[-1] == ("data.bin", "bytes=100000-")
    assert path.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_everything_again(source, path):
    source.ranges, source.cut_after = False, [100_000]
    download(source.url + "data.bin", path, SHA256)
    assert path.read_bytes() == CONTENT


def test_a_whole_part_only_gets_its_name(source, path):
    path.parent.mkdir()
    path.with_name("data.bin.part").write_bytes(CONTENT)
    download(source.url + "data.bin", path, SHA256)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("old", [b"\0" * 1000, b"\0" * len(CONTENT), CONTENT + b"more"])
def test_a_part_of_another_file_is_dropped(source, path, old):
    path.parent.mkdir()
    path.with_name("data.bin.part").write_bytes(old)
    download(source.url + "data.bin", path, SHA256)
    assert path.read_bytes() == CONTENT


def test_a_longer_part_is_dropped_without_a_hash(source, path):
    path.parent.mkdir()
    path.with_name("data.bin.part").write_bytes(CONTENT + b"more")
    download(source.url + "data.bin", path)
    assert path.read_bytes() == CONTENT


def test_a_wrong_hash(source, path):
    with pytest.raises(DownloadError, match=f"is not data.bin: its hash is {SHA256}, expected 00"):
        download(source.url + "data.bin", path, "0" * 64)
    assert list(path.parent.iterdir()) == []


def test_md5(source, path):
    download(source.url + "data.bin", path, hashlib.md5(CONTENT).hexdigest())
    assert path.exists()


def test_not_found(source, path):
    with pytest.raises(DownloadError, match="the server answered 404") as error:
        download(source.url + "other.bin", path)
    assert isinstance(error.value, OSError)
    assert list(path.parent.iterdir()) == []


def test_no_network_says_what_to_do(server, path, monkeypatch):
    url = server.url + "data.bin"
    server.close()
    monkeypatch.setenv("SCHUSS_DATASETS", "/given")
    with pytest.raises(
        DownloadError, match=r"set SCHUSS_DATASETS to the folder's path \(now /given, which has no"
    ):
        download(url, path)
    server.__init__({})


def test_a_cache_that_cannot_be_written(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="Set SCHUSS_CACHE to a folder that can be written"):
        download(source.url + "data.bin", tmp_path / "file" / "data.bin")


def test_several_at_once(source, path):
    threads = [
        threading.Thread(target=download, args=(source.url + "data.bin", path, SHA256)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == CONTENT
    assert len(source.requests) == 1


def test_plain_line_where_there_is_no_terminal(source, path, capsys):
    download(source.url + "data.bin", path)
    captured = capsys.readouterr()
    assert captured.err == "Downloading data.bin (0.3 MB)\n"
    assert captured.out == ""


def test_cache_folder(tmp_path, monkeypatch):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("SCHUSS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "schuss"
