"""The network that computes with arrays, to and from a file."""

from pathlib import Path

import numpy as np

from kitbash.models.ternary import parts
from kitbash.models.ternary.header import Header
from kitbash.models.ternary.network import BitLinear, Network
from kitbash.models.ternary.packing import pack, unpack
from kitbash.models.ternary.parts import Parts


def encode(network: Network) -> bytes:
    """Return a network as a file's bytes. Raises NetworkError if they would be too many."""
    first, second = network.first, network.second
    header = Header(
        buckets=len(first.trits),
        hidden=len(second.trits),
        first_scale=first.scale,
        second_scale=second.scale,
        forms=list(network.forms),
        domains=list(network.domains),
        figures=dict(network.figures),
    )
    biases = tuple(first.bias.tolist()), tuple(second.bias.tolist())
    return parts.written(Parts(header, *biases, pack(first.trits), pack(second.trits)))


def decode(data: bytes) -> Network:
    """Return the network in a file's bytes, all of them checked first. Raises NetworkError saying what is wrong."""
    return network_of(parts.read(data))


def load(path: Path) -> Network:
    """Return the network in a file. Raises NetworkError, which names the file."""
    return network_of(parts.load(path))


def network_of(found: Parts) -> Network:
    """Return the network whose parts these are."""
    header = found.header
    first = unpack(found.first, header.buckets * header.hidden).reshape(header.buckets, header.hidden)
    second = unpack(found.second, header.hidden * header.outputs).reshape(header.hidden, header.outputs)
    return Network(
        BitLinear(first, header.first_scale, np.array(found.first_bias, dtype=np.float32)),
        BitLinear(second, header.second_scale, np.array(found.second_bias, dtype=np.float32)),
        tuple(header.forms),
        tuple(header.domains),
        header.figures,
    )
