#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A module through ctypes, from the declaration in C alone: use.py MODULE. And what the module exports, by nm."""

import ctypes
import subprocess
import sys

path = sys.argv[1]


class Number(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


class Module(ctypes.Structure):
    pass


Module._fields_ = [
    ("version", ctypes.c_uint32),
    ("built_with", ctypes.c_char_p),
    ("space_count", ctypes.c_size_t),
    ("space", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(Module), ctypes.c_size_t)),
    ("any_space", ctypes.c_void_p),
    ("name", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)),
    ("size", ctypes.CFUNCTYPE(Number, ctypes.c_void_p)),
    ("slot_count", ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)),
]

library = ctypes.CDLL(path)
library.nascent_module_entry.restype = ctypes.POINTER(Module)
table = library.nascent_module_entry()
module = table.contents
found = {}
for i in range(module.space_count):
    space = module.space(table, i)
    size = module.size(space)
    found[module.name(space).decode()] = (size.high << 64) + size.low
assert found == {"tiny": 20, "NAS-Bench-Macro": 6561}, found
assert b"nascent" in module.built_with

names = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout.split("\n")
exported = [line.split()[-1] for line in names if line and line.split()[-2] != "A"]
assert exported == ["nascent_module_entry"], exported
print("no fault")
