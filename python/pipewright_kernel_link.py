"""The kernel that a notebook is run in, as the worker has it: its process, and the channel that it speaks on.

It is started with the interpreter of the worker, whatever kernel the notebook names, in the worker's process group: whoever
kills that kills the kernel with all that it has started.
"""

import ctypes
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading

import pipewright_worker as worker
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

# Seconds in which what the kernel has sent on the channel has come after its reply, or after its end.
_message_time = 10


class KernelLink:
    """One kernel. What it says is passed on to the run, and so is what it asks; its answers are for whoever waits."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        self.channel = None
        self.thread = None
        self.answers = queue.SimpleQueue()
        self.tells_progress = False
        self.lock = threading.Lock()
        self.calls = {}

    @property
    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self, command, env, given):
        self.channel, other = socket.socketpair()
        request = self.folder / "request.json"
        request.write_text(json.dumps({**given, "channel": other.fileno()}), encoding="utf-8")
        env = {
            # Start-up files and settings of a user are nothing that the key of the step counts.
            "IPYTHONDIR": str(self.folder / "ipython"),
            **env,
            "PIPEWRIGHT_KERNEL": str(request),
            "JPY_PARENT_PID": str(os.getpid()),
        }
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=env, pass_fds=[other.fileno()])
        other.close()
        self.thread = threading.Thread(target=self.relay, name="pipewright-relay", daemon=True)
        self.thread.start()
        return self.process

    def relay(self):
        with self.channel.makefile("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    # The kernel was killed in the middle of it.
                    break
                message = json.loads(line)
                if message["type"] == "called" and "failed" in message:
                    worker._channel.send({**message, "ask": self.calls.pop(message["ask"])})
                elif message["type"] == "once":
                    # Its answer may wait for another call of that key, which this thread passes on.
                    threading.Thread(target=self.answer_to, args=(message,), daemon=True).start()
                elif "ask" in message:
                    self.answer_to(message)
                elif message["type"] in ("ran", "loaded", "result", "error"):
                    self.answers.put(message)
                else:
                    self.tells_progress = self.tells_progress or message["type"] == "progress"
                    worker._channel.send(message)

    def answer_to(self, message):
        line = json.dumps({**self.asked(message), "type": "answer", "ask": message["ask"]}) + "\n"
        try:
            with self.lock:
                self.channel.sendall(line.encode("utf-8"))
        except OSError:
            # The kernel has ended.
            pass

    def asked(self, message):
        number = message["ask"]
        question = {name: value for name, value in message.items() if name != "ask"}
        try:
            # The kernel counts what it asks by itself; a call that was made bears the number of its `once`.
            answer = worker._channel.ask(question, self.calls.pop(number, None))
        except RuntimeError as error:
            return {"error": str(error)}
        if "call" in answer:
            self.calls[number] = answer["ask"]
        return answer

    def answer(self):
        """The next answer; None where there is none."""
        try:
            return self.answers.get(timeout=_message_time)
        except queue.Empty:
            return None

    def close(self):
        """Waits until all that an ended kernel has said is passed on."""
        if self.thread is None:
            return
        self.thread.join(_message_time)
        self.channel.close()
        _reap()

    def end(self):
        """How an ended kernel has ended, as words and as its code."""
        code = self.process.wait()
        return (f"ended with code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}", code)


class Manager(AsyncKernelManager):
    """Starts a kernel by a link, which `given` tells what the kernel is to know."""

    def __init__(self, link, given):
        # Sockets in the attempt's folder, by a path that is short enough for one: two kernels never take the same port.
        super().__init__(
            transport="ipc",
            ip=os.path.join(os.path.relpath(link.folder, os.getcwd()), "s"),
            connection_file=str(link.folder / "connection.json"),
            kernel_name="python3",
        )
        self.link = link
        self.given = given
        self.kernel_id = given["request"]["id"]
        own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pipewright_kernel.py")
        argv = [sys.executable, "-Xfrozen_modules=off", own, "-f", "{connection_file}"]
        self.spec = KernelSpec(argv=argv, display_name="Python 3", language="python")
        self.provisioner = _Provisioner(kernel_id=self.kernel_id, kernel_spec=self.spec, parent=self)

    @property
    def kernel_spec(self):
        return self.spec


class _Provisioner(LocalProvisioner):
    async def launch_kernel(self, cmd, **options):
        self.process = self.parent.link.start(cmd, options["env"], self.parent.given)
        self.pid = self.process.pid
        return self.connection_info

    async def send_signal(self, signum):
        # A kernel is interrupted before it is shut down, which one that has nothing to do takes for an error.
        if signum != signal.SIGINT:
            await super().send_signal(signum)


def adopt_orphans():
    """What a kernel leaves behind becomes this worker's, which is judged by that; only Linux tells of either."""
    if sys.platform == "linux":
        set_child_subreaper = 36
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def _reap():
    """Of orphans that have ended nothing is to be seen."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass
