#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a small MaxMind database (format version 2.0) of what a JSON document says:

    tests/tools/make_mmdb.py TYPE FILE <<< '{"1.2.3.0/24": {"city": {"names": {"en": "A"}}}, "2001:db8::/32": {}}'

TYPE is its database_type ("GeoLite2-City"). Whole numbers become uint32, others doubles; the tree has records
of 24 bits and is for IPv6, with IPv4 below ::/96. FILE `-` prints it in base64, for text cases."""
import base64, ipaddress, json, struct, sys

class Short(int):
    """Written as uint16; Long as uint64."""
class Long(int):
    pass

def control(kind, size):
    """The byte or bytes before a value: its type and size."""
    head = bytes([kind << 5]) if kind <= 7 else bytes([0, kind - 7])
    if size < 29:
        return bytes([head[0] | size]) + head[1:]
    if size < 285:
        return bytes([head[0] | 29]) + head[1:] + bytes([size - 29])
    return bytes([head[0] | 30]) + head[1:] + struct.pack(">H", size - 285)

def unsigned(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")

def encode(value):
    if isinstance(value, bool):
        return control(14, int(value))
    if isinstance(value, int):
        raw = unsigned(value)
        return control(5 if isinstance(value, Short) else 9 if isinstance(value, Long) else 6, len(raw)) + raw
    if isinstance(value, float):
        return control(3, 8) + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode()
        return control(2, len(raw)) + raw
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encode, value))
    return control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())

def bits_of(network):
    net = ipaddress.ip_network(network)
    number, prefix = int(net.network_address), net.prefixlen + (96 if net.version == 4 else 0)
    return [(number >> (127 - i)) & 1 for i in range(prefix)]

def database(kind, networks):
    nodes, data, offsets = [[None, None]], b"", []
    for network, value in networks.items():
        offsets.append(len(data))
        data += encode(value)
        bits, node = bits_of(network), 0
        for bit in bits[:-1]:
            if not isinstance(nodes[node][bit], int):
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        nodes[node][bits[-1]] = ("data", offsets[-1])
    def record(side):
        if side is None: return len(nodes)
        return side if isinstance(side, int) else len(nodes) + 16 + side[1]
    tree = b"".join(record(side).to_bytes(3, "big") for pair in nodes for side in pair)
    metadata = {"node_count": len(nodes), "record_size": Short(24), "ip_version": Short(6), "database_type": kind, "languages": ["en"],
                "binary_format_major_version": Short(2), "binary_format_minor_version": Short(0), "build_epoch": Long(1700000000),
                "description": {"en": "of tests"}}
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(metadata)

if __name__ == "__main__":
    made = database(sys.argv[1], json.load(sys.stdin))
    if sys.argv[2] == "-":
        text = base64.b64encode(made).decode()
        print("\n".join(text[i:i + 100] for i in range(0, len(text), 100)))
    else:
        open(sys.argv[2], "wb").write(made)
