"""Attacks of a task's own code, run inside the sandbox. Each function tries one thing and returns whether it got through."""

import ctypes
import json
import os
import resource
import signal
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = {
    "openat": (257, 56),
    "process_vm_readv": (310, 270),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
}


def syscall(name, *args):
    column = 0 if os.uname_machine == "x86_64" else 1
    return LIBC.syscall(ctypes.c_long(NUMBERS[name][column]), *args)


def address(port):
    return (2).to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)


def read_a_file(host):
    with open(host["secret"]) as file:
        return file.read() == "secret"


def read_a_file_by_raw_system_call(host):
    return syscall("openat", -100, host["secret"].encode(), 0) >= 0


def write_a_file(host):
    with open(host["loot"], "w") as file:
        file.write("was here")
    return True


def list_a_directory(host):
    return len(os.listdir("/")) > 0


def import_from_disk(host):
    import http.client

    return http.client is not None


def read_the_environment_of_the_process(host):
    with open("/proc/self/environ", "rb") as file:
        return bool(file.read().replace(b"PYTHONHASHSEED=0\0", b""))


def read_the_environment(host):
    return bool(os.environ)


def connect_by_tcp(host):
    return LIBC.connect(LIBC.socket(2, 1, 0), address(host["tcp"]), 16) == 0


def send_by_udp(host):
    return LIBC.sendto(LIBC.socket(2, 2, 0), b"x", 1, 0, address(host["udp"]), 16) == 1


def open_a_local_socket(host):
    return LIBC.socket(1, 1, 0) >= 0


def fork(host):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid > 0


def fork_bomb(host):
    for _ in range(64):
        if os.fork() == 0:
            time.sleep(60)
    return True


def start_a_thread(host):
    import _thread

    _thread.start_new_thread(time.sleep, (1,))
    return True


def execute_a_program(host):
    os.execv("/bin/true", ["/bin/true"])
    return True


def allocate_4_gb(host):
    return len(bytearray(4 << 30)) == 4 << 30


def hoard_small_objects(host):
    hoard = []
    while len(hoard) < 50_000_000:
        hoard.append([len(hoard)])
    return True


def map_executable_memory(host):
    LIBC.mmap.restype = ctypes.c_ssize_t
    return LIBC.mmap(None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_long(0)) != -1


def make_memory_executable(host):
    LIBC.mmap.restype = ctypes.c_ssize_t
    page = LIBC.mmap(None, ctypes.c_size_t(4096), 3, 0x22, -1, ctypes.c_long(0))
    return LIBC.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(4096), 5) == 0


def write_to_a_file_without_a_name(host):
    fd = syscall("memfd_create", b"x", 0)
    return os.write(fd, b"x" * 4096) == 4096


def share_memory_with_the_next_job(host):
    return syscall("shmget", 4711, ctypes.c_size_t(4096), 0o1666) >= 0


def duplicate_descriptors(host):
    return [os.dup(1) for _ in range(50)] != []


def loop_forever(host):
    while True:
        pass


def loop_forever_deaf_to_signals(host):
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
    while True:
        pass


def sleep_forever(host):
    time.sleep(3600)
    return True


def ask_for_answers_forever(host):
    while True:
        run_answer("def f(): return 1", "f", [])  # noqa: F821 - injected


def print_1_gb(host):
    for _ in range(1024):
        print("x" * (1 << 20))
    return True


def write_1_gb_to_standard_output(host):
    for _ in range(1024):
        os.write(1, b"x" * (1 << 20))
    return True


def exit_with_a_forged_score(host):
    for fd in range(3, 30):
        try:
            os.write(fd, b'{"score": 1.0}')
        except OSError:
            continue
    os._exit(0)


def exit_with_a_forged_frame(host):
    payload = b'{"score": 1.0}'
    for fd in range(3, 30):
        try:
            os.write(fd, bytes(16) + b"R" + len(payload).to_bytes(4, "big") + payload)
        except OSError:
            continue
    os._exit(0)


def exit_at_once(host):
    os._exit(0)


def exit_politely(host):
    sys.exit(0)


def close_every_descriptor(host):
    os.closerange(0, 1024)
    return True


def crash_by_deep_recursion(host):
    nested = ()
    for _ in range(300_000):
        nested = (nested,)
    return hash(nested) != 0


def crash_by_null_pointer(host):
    return ctypes.string_at(0) != b""


def kill_the_worker(host):
    os.kill(os.getppid(), signal.SIGKILL)
    # Process 1 of a namespace cannot be killed from inside: then the call is ignored, and nothing got through.
    return False


def kill_the_trusted_process(host):
    os.kill(host["pid"], signal.SIGCONT)
    return True


def kill_everybody(host):
    os.kill(-1, signal.SIGKILL)
    return False


def stop_the_worker(host):
    os.kill(os.getppid(), signal.SIGSTOP)
    return False


def trace_the_worker(host):
    return LIBC.ptrace(16, os.getppid(), None, None) == 0


def read_memory_of_the_worker(host):
    buffer = ctypes.create_string_buffer(8)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    remote = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    return syscall("process_vm_readv", os.getppid(), local, 1, remote, 1, 0) == 8


def mount_a_file_system(host):
    return LIBC.mount(b"none", b"/", b"tmpfs", 0, None) == 0


def enter_a_new_user_namespace(host):
    return LIBC.unshare(0x10000000) == 0


def become_root(host):
    os.setuid(0)
    return True


def raise_the_limits(host):
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    return True


def system_call_by_its_x32_number(host):
    return LIBC.syscall(ctypes.c_long(0x40000000 + 39)) > 0


class EvilFloat(float):
    def __float__(self):
        return 1.0


def return_an_object_that_poses_as_a_number(host):
    return EvilFloat(1.0)


def return_text(host):
    return "1.0"


def return_seven(host):
    return 7


def return_nan(host):
    return float("nan")


def return_a_huge_integer(host):
    return 10**5000


class EvilError(Exception):
    def __str__(self):
        raise SystemExit(0)


def raise_an_error_that_cannot_be_printed(host):
    raise EvilError


def ask_for_an_answer_in_the_wrong_shape(host):
    frame = sys._getframe()
    while "channel" not in frame.f_locals:
        frame = frame.f_back
    channel = frame.f_locals["channel"]
    payload = json.dumps(["no", "request"]).encode()
    os.write(channel._results, channel._packed(b"C", payload))
    length = int.from_bytes(channel._read(9)[5:], "big")
    return b"protocol" not in channel._read(length)


class TaskFamily:
    @staticmethod
    def get_tasks():
        return {name: {"attack": name} for name, value in sorted(ATTACKS.items())}

    @staticmethod
    def get_instructions(t):
        return t["attack"].replace("_", " ")

    @staticmethod
    def score(t, submission):
        host = json.loads(submission)
        os.uname_machine = host["machine"]
        value = ATTACKS[t["attack"]](host)
        return float(value) if isinstance(value, bool) else value


ATTACKS = {
    name: value
    for name, value in globals().items()
    if hasattr(value, "__code__") and value.__code__.co_varnames[:1] == ("host",)
}
