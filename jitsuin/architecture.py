"""For which processors a program library was built: read from the header of ELF, PE and Mach-O files."""

from __future__ import annotations

import platform
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

_ELF_MACHINES: Final = {
    3: "i386",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
}
"""e_machine (System V ABI, chapter 4)."""
_PE_MACHINES: Final = {0x014C: "i386", 0x01C4: "arm", 0x8664: "x86_64", 0xAA64: "aarch64"}
"""Machine (PE format, COFF file header)."""
_MACH_CPU_TYPES: Final = {7: "i386", 12: "arm", 18: "ppc", 0x01000007: "x86_64", 0x0100000C: "aarch64"}
"""cputype (mach/machine.h)."""
_OTHER_NAMES: Final = {"amd64": "x86_64", "arm64": "aarch64", "i486": "i386", "i586": "i386", "i686": "i386"}
"""What `platform.machine` says on some systems."""

_FAT_ENTRIES: Final = {0xCAFEBABE: 20, 0xCAFEBABF: 32}
"""Sizes of fat_arch and fat_arch_64, by magic number."""
_MAX_FAT_ENTRIES: Final = 30  # a Java class file begins like a universal binary, but its version is higher


def architectures(path: Path) -> tuple[str, ...]:
    """For which processors the file was built: one, or several for a universal Mach-O file.

    Raises OSError, and ValueError for a file that is no library of these formats.
    """
    with path.open("rb") as file:
        try:
            return read_architectures(file)
        except struct.error:
            raise ValueError("ends within its header") from None


def read_architectures(file: BinaryIO) -> tuple[str, ...]:
    """As `architectures`, of an open file; raises struct.error where it ends within the header."""
    magic = file.read(4)
    if magic == b"\x7fELF":
        return (_elf(file),)
    if magic[:2] == b"MZ":
        return (_pe(file),)
    number = int.from_bytes(magic, "big")
    if number in _FAT_ENTRIES:
        return _universal(file, _FAT_ENTRIES[number])
    for order in (">", "<"):
        if magic in (struct.pack(f"{order}I", 0xFEEDFACE), struct.pack(f"{order}I", 0xFEEDFACF)):
            return (_mach_name(*_unpack(f"{order}I", file, 4)),)
    raise ValueError("not a program library")


def python_architecture() -> str:
    """The processor that this Python runs for, which need not be the machine's: emulation, 32 bits on 64.

    What Python cannot load into itself, it cannot use.
    """
    with suppress(OSError, ValueError):
        built_for = architectures(Path(sys.executable))
        if len(built_for) == 1:
            return built_for[0]
    machine = platform.machine().lower()
    return _OTHER_NAMES.get(machine, machine)


def _elf(file: BinaryIO) -> str:
    order = {1: "<", 2: ">"}.get(_unpack("B", file, 5)[0])
    if order is None:
        raise ValueError("unknown byte order")
    (machine,) = _unpack(f"{order}H", file, 18)
    return _ELF_MACHINES.get(machine, f"ELF machine {machine}")


def _pe(file: BinaryIO) -> str:
    (header,) = _unpack("<I", file, 0x3C)
    signature, machine = _unpack("<IH", file, header)
    if signature != int.from_bytes(b"PE\0\0", "little"):
        raise ValueError("not a program library")
    return _PE_MACHINES.get(machine, f"PE machine {machine:#x}")


def _universal(file: BinaryIO, size: int) -> tuple[str, ...]:
    (count,) = _unpack(">I", file, 4)
    if not 1 <= count <= _MAX_FAT_ENTRIES:
        raise ValueError("not a universal binary")
    return tuple(_mach_name(*_unpack(">I", file, 8 + index * size)) for index in range(count))


def _mach_name(cpu_type: int) -> str:
    return _MACH_CPU_TYPES.get(cpu_type, f"Mach-O cputype {cpu_type:#x}")


def _unpack(layout: str, file: BinaryIO, offset: int) -> tuple[int, ...]:
    file.seek(offset)
    return struct.unpack(layout, file.read(struct.calcsize(layout)))
