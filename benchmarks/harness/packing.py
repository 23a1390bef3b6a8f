"""Arrays as short strings in a result file: compressed, in base 85."""

import zlib
from base64 import b85decode, b85encode

import numpy as np
from numpy.typing import NDArray


def pack(array: NDArray) -> dict[str, object]:
    """An array of counts or scores."""
    packed = b85encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
    return {"shape": list(array.shape), "type": str(array.dtype), "data": packed}


def unpack(packed: dict[str, object]) -> NDArray:
    """The array."""
    data = zlib.decompress(b85decode(str(packed["data"])))
    return np.frombuffer(data, dtype=str(packed["type"])).reshape(packed["shape"])  # type: ignore[call-overload]
