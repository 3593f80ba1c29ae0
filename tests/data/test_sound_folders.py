"""audio_dataset_from_directory: WAV files of all kinds, lengths, sampling rates, damage."""

import struct
from pathlib import Path

import numpy as np
import pytest
from data_folders import wav, wav_folder

from schuss.data._sound import decoded_wav, resampled
from schuss.utils import audio_dataset_from_directory

FIGURES = np.load(Path(__file__).parent.parent / "recorded" / "data.npz")
SAMPLES = np.array([0, 0.5, -1, 0.25], np.float32)


def read(folder, **arguments):
    return audio_dataset_from_directory(folder, **{"verbose": False, "shuffle": False, **arguments})


@pytest.mark.parametrize("length", [None, 4])
def test_sounds_are_those_of_keras(tmp_path, length):
    wav_folder(tmp_path / "sounds")
    ((x, y),) = read(tmp_path / "sounds", output_sequence_length=length)
    assert np.array_equal(x, FIGURES[f"sounds/{length}"])
    assert (x.dtype, y.tolist()) == (np.float32, [0, 0, 0])


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_bits(bits, extensible):
    whole = (SAMPLES * 2 ** (bits - 1)).astype(np.int64) + (128 if bits == 8 else 0)
    data = b"".join(int(n % 2**bits).to_bytes(bits // 8, "little") for n in whole)
    sound = decoded_wav(wav(data, bits, rate=44100, extensible=extensible))
    assert (sound.samples[:, 0].tolist(), sound.rate) == (SAMPLES.tolist(), 44100)


@pytest.mark.parametrize("bits", [32, 64])
def test_floats(bits):
    sound = decoded_wav(wav(SAMPLES.astype(f"f{bits // 8}").tobytes(), bits, kind=3))
    assert sound.samples[:, 0].tolist() == SAMPLES.tolist()


def test_channels_and_other_chunks():
    data = np.arange(6, dtype=np.int16).tobytes()
    sound = decoded_wav(wav(data, channels=2, before=b"LIST" + struct.pack("<I", 3) + b"abc\0"))
    assert (sound.samples * 2**15).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_streams_whose_size_was_not_known():
    data = np.arange(3, dtype=np.int16).tobytes()
    content = wav(data).replace(b"data" + struct.pack("<I", 6), b"data" + struct.pack("<I", 2**32 - 1))
    assert (decoded_wav(content).samples[:, 0] * 2**15).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\xff\xfbMP3 under another name", "begins with"),
        (wav(bytes(40))[:-10], "40 bytes of samples were announced, 30 are there"),
        (wav(bytes(40))[:30], "no chunk named data|requires a buffer"),
        (wav(bytes(4), kind=6, bits=8), r"compressed \(format 6\)"),
        (wav(bytes(4), bits=12), "samples of 12 bits"),
        (wav(bytes(4), channels=0), "0 channels"),
    ],
)
def test_damaged_files_are_named(tmp_path, content, message):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.wav").write_bytes(content)
    with pytest.raises(ValueError, match=rf"1\.wav cannot be decoded as WAV: .*({message})"):
        list(read(tmp_path))
    with pytest.warns(UserWarning, match=r"Left out: .*1\.wav"):
        assert list(read(tmp_path, on_error="skip")) == []


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (16000, 8000), (44100, 16000), (11025, 8000)])
def test_another_sampling_rate(rate, wanted):
    times = np.arange(rate // 4) / rate
    wave = np.sin(2 * np.pi * 440 * times + 0.3).astype(np.float32)[:, None]
    made = resampled(wave, rate, wanted)
    assert made.shape == (-(-len(wave) * wanted // rate), 1)
    exact = np.sin(2 * np.pi * 440 * np.arange(len(made)) / wanted + 0.3)
    np.testing.assert_allclose(made[200:-200, 0], exact[200:-200], atol=2e-4)


def test_what_the_lower_rate_cannot_carry_is_left_out():
    wave = np.sin(2 * np.pi * 6000 * np.arange(4000) / 16000).astype(np.float32)[:, None]
    assert np.abs(resampled(wave, 16000, 8000)[100:-100]).max() < 1e-3


def test_sampling_rate_comes_before_the_length(tmp_path):
    (tmp_path / "a").mkdir()
    for i, rate in enumerate((8000, 4000)):
        (tmp_path / "a" / f"{i}.wav").write_bytes(wav(bytes(2 * rate), rate=rate))
    assert [x.shape for x, _ in read(tmp_path, sampling_rate=2000)] == [(2, 2000, 1)]
    assert [x.shape for x, _ in read(tmp_path, sampling_rate=2000, output_sequence_length=1500)] == [
        (2, 1500, 1)
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ragged": True}, "ragged=True is not supported"),
        ({"ragged": True, "output_sequence_length": 3}, "Cannot set both"),
        ({"sampling_rate": 8000.0}, "integer value. Received: sampling_rate=8000.0"),
        ({"sampling_rate": 0}, "higher than 0"),
        ({"output_sequence_length": -1}, "higher than 0"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, **arguments)


def test_no_sounds(tmp_path):
    (tmp_path / "1.mp3").write_bytes(b"")
    with pytest.raises(ValueError, match=r"No audio files found in directory .*\.wav"):
        read(tmp_path, labels=None)
