"""Weights apart from their graph: ONNX Runtime takes them from the arrays that hold them, and makes one copy less."""

import json

import onnx
import safetensors.numpy
from onnx import TensorProto, numpy_helper

from ...models.onnx.graph import WEIGHTS, Network

LEAST = 1024  # bytes; smaller ones stay


def split(network: Network) -> Network:
    """The graph with references to the file of its weights, and the weights by name. One that has its weights apart
    stays as it is."""
    if network.weights:
        return network
    model = onnx.load_from_string(network.code)
    large = [tensor for tensor in model.graph.initializer if len(tensor.raw_data) >= LEAST]
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in large}
    places = locate(safetensors.numpy.save(weights))
    for tensor in large:
        start, end = places[tensor.name]
        where = {"location": WEIGHTS, "offset": start, "length": end - start}
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in where.items():
            tensor.external_data.add(key=key, value=str(value))
    return network._replace(code=model.SerializeToString(), weights=weights)


def locate(file: bytes) -> dict[str, tuple[int, int]]:
    """Where each array begins and ends in a file in the format of safetensors: eight bytes with the size of a JSON
    object, the object with offsets, the arrays (https://huggingface.co/docs/safetensors)."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    return {
        name: (8 + size + entry["data_offsets"][0], 8 + size + entry["data_offsets"][1])
        for name, entry in header.items()
        if name != "__metadata__"
    }
