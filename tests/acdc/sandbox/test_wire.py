import pytest

from acdc.sandbox.inside.wire import RESULT, SEALED, BrokenFrameError, Decoder, Frame, SealedDecoder, pack

SEAL = b"0123456789abcdef"


def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut() -> None:
    data = pack(1, b"J", b"abc") + pack(2, b"R", b"") + pack(3, b"A", b"x" * 300)
    for size in (1, 7, 1000):
        decoder, frames = Decoder(1000), []
        for start in range(0, len(data), size):
            decoder.feed(data[start : start + size])
            while (frame := decoder.next()) is not None:
                frames.append(frame)
        assert frames == [Frame(1, b"J", b"abc"), Frame(2, b"R", b""), Frame(3, b"A", b"x" * 300)]


def test_a_frame_longer_than_allowed_is_refused_before_it_is_there() -> None:
    decoder = Decoder(10)
    decoder.feed(pack(1, b"J", b"x" * 11)[:9])
    with pytest.raises(BrokenFrameError):
        decoder.next()


def test_a_sealed_message_is_read_in_pieces() -> None:
    decoder = SealedDecoder(SEAL, 10)
    data = SEALED.pack(SEAL, RESULT, 2) + b"{}"
    for byte in data[:-1]:
        decoder.feed(bytes([byte]))
        assert decoder.next() is None
    decoder.feed(data[-1:])
    assert decoder.next() == (RESULT, b"{}")
    assert not decoder.started


def test_the_first_wrong_byte_breaks_the_seal() -> None:
    decoder = SealedDecoder(SEAL, 10)
    decoder.feed(b"0123x")
    with pytest.raises(BrokenFrameError):
        decoder.next()


def test_a_sealed_message_longer_than_allowed_is_told_by_its_header() -> None:
    decoder = SealedDecoder(SEAL, 10)
    decoder.feed(SEALED.pack(SEAL, RESULT, 11))
    with pytest.raises(OverflowError):
        decoder.next()
