"""Privileges that a worker drops before it reads its first query.

Each measure is independent and skipped on platforms that lack it: Linux has them all, macOS only
the limits. `confine` returns the names of those in force, for the log and the health page.

* `nice`: a heavy worker yields the processor to other processes.
* `files`: no file can grow (RLIMIT_FSIZE), core dumps are off.
* `orphan`: the kernel kills the worker when the server exits (PR_SET_PDEATHSIG); the closed socket
  does the same elsewhere.
* `network`: a seccomp filter refuses every system call that creates a socket, starts a program or
  inspects another process, so a SERVICE call that the gate missed connects to nothing.
* `port`: where SERVICE is allowed, the filter allows only TCP connections, and Landlock (Linux 6.7)
  only to one port, that of the forwarder. A filter cannot see the address: a connection to the same
  port of another host is not prevented here, but the port is random and the gate has replaced every
  IRI that is called.
* `memory`: private memory (RLIMIT_DATA) may grow by a limited number of bytes; an allocation beyond
  it fails and the runtime aborts, which ends only this worker.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1
_EPERM = 1
_RET_ERRNO = 0x00050000
_RET_ALLOW = 0x7FFF0000
_X32 = 0x40000000

_AF_INET = 2
_SOCK_STREAM = 1
_SOCK_TYPE = 0xF
# The same numbers on every machine.
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_RULE_NET_PORT = 2
_LANDLOCK_NET_BIND_CONNECT = 0b11
_LANDLOCK_NET_CONNECT = 0b10

# Per machine: the audit number, seccomp itself, and the refused calls: socket, connect (these two
# first), socketpair, accept, accept4, bind, listen, execve, execveat, ptrace, process_vm_readv,
# process_vm_writev, io_uring_setup, fork, vfork, pidfd_getfd, bpf, perf_event_open, keyctl.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        317,
        (41, 42, 53, 43, 288, 49, 50, 59, 322, 101, 310, 311, 425, 57, 58, 438, 321, 298, 250),
    ),
    "aarch64": (
        0xC00000B7,
        277,
        (198, 203, 199, 202, 242, 200, 201, 221, 281, 117, 270, 271, 425, 438, 280, 241, 219),
    ),
}


def confine(niceness: int, port: int = 0) -> list[str]:
    """Apply everything but the memory limit, before any thread is started.

    `port` is the only TCP port allowed for connections; 0 forbids the network.
    """
    done = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getpriority(os.PRIO_PROCESS, 0) < niceness:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    if niceness:
        done.append("nice")
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as wish:  # noqa: PTH123
        wish.write("500")
    if end_with_parent():
        done.append("orphan")
    libc = _libc()
    if libc is not None and port and _restrict_port(libc, port):
        done.append("port")
    if libc is not None and _refuse_calls(libc, bool(port)):
        done.append("network")
    return done


def end_with_parent() -> bool:
    """Have the kernel kill this process when its parent exits; false if unsupported."""
    libc = _libc()
    return libc is not None and libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0


def refuse_writing() -> list[str]:
    """Forbid files to grow, once the store is open."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        return ["files"]
    return []


def limit_memory(growth: int) -> list[str]:
    """Let private memory grow by `growth` bytes beyond what is in use now."""
    used = private_memory()
    if used is None:
        return []
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (used + growth, used + growth))
        return ["memory"]
    return []


def private_memory() -> int | None:
    """Return the bytes that RLIMIT_DATA counts for this process, where available."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm") as numbers:  # noqa: PTH123
        return int(numbers.read().split()[5]) * resource.getpagesize()
    return None


def _libc() -> ctypes.CDLL | None:
    if platform.system() != "Linux":
        return None
    with contextlib.suppress(OSError):
        return ctypes.CDLL(None, use_errno=True)
    return None


def _restrict_port(libc: ctypes.CDLL, port: int) -> bool:
    """Allow TCP connections only to this port; false if the kernel does not support it."""
    handled = ctypes.create_string_buffer(struct.pack("QQ", 0, _LANDLOCK_NET_BIND_CONNECT), 16)
    rules = libc.syscall(ctypes.c_long(_LANDLOCK_CREATE_RULESET), handled, ctypes.c_size_t(16), 0)
    if rules < 0:
        return False
    try:
        rule = ctypes.create_string_buffer(struct.pack("QQ", _LANDLOCK_NET_CONNECT, port), 16)
        number = ctypes.c_long(_LANDLOCK_ADD_RULE)
        if libc.syscall(number, rules, _LANDLOCK_RULE_NET_PORT, rule, 0) != 0:
            return False
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return int(libc.syscall(ctypes.c_long(_LANDLOCK_RESTRICT_SELF), rules, 0)) == 0
    finally:
        os.close(rules)


def _refuse_calls(libc: ctypes.CDLL, connecting: bool) -> bool:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    architecture, seccomp, calls = machine
    code = _filter(architecture, calls, connecting)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    result = libc.syscall(
        ctypes.c_long(seccomp),
        ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_ulong(_SECCOMP_FILTER_FLAG_TSYNC),
        ctypes.c_char_p(program),
    )
    return int(result) == 0


def _filter(architecture: int, calls: tuple[int, ...], connecting: bool) -> bytes:
    """Return a BPF program that refuses `calls`, and all calls of another architecture.

    With `connecting`, sockets for TCP over IPv4 and their connections are allowed.
    """
    load, equal, at_least, mask, answer = 0x20, 0x15, 0x35, 0x54, 0x06
    refuse = (answer, 0, 0, _RET_ERRNO | _EPERM)
    allow = (answer, 0, 0, _RET_ALLOW)
    steps = [(load, 0, 0, 4), (equal, 1, 0, architecture), refuse, (load, 0, 0, 0)]
    if connecting:
        make_socket, _, *others = calls
        calls = tuple(others)
        steps += [
            (equal, 0, 7, make_socket),
            (load, 0, 0, 16),
            (equal, 0, 4, _AF_INET),
            (load, 0, 0, 24),
            (mask, 0, 0, _SOCK_TYPE),
            (equal, 0, 1, _SOCK_STREAM),
            allow,
            refuse,
        ]
    steps += [(at_least, len(calls) + 1, 0, _X32)]
    steps += [(equal, len(calls) - at, 0, call) for at, call in enumerate(calls)]
    steps += [allow, refuse]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
