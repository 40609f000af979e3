"""Offline, the server connects to nothing beyond loopback: its system calls are watched from outside the process."""

import ipaddress
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.attack.outside import messages, new_session, serving
from tests.attack.test_queue_files import META, uploaded

ELSEWHERE = ("http://192.0.2.1/a", "http://elsewhere.example/a", "http://[2001:db8::1]/a", "https://192.0.2.1:8443/a")
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_FAMILY = re.compile(r"sa_family=(AF_\w+)")


@pytest.fixture
def strace() -> str:
    """Return the program that watches system calls."""
    found = shutil.which("strace")
    if not found:
        pytest.skip("strace is not installed, so nobody sees where the server connects")
    if subprocess.run([found, "-o", "/dev/null", "true"], capture_output=True).returncode:
        pytest.skip("strace may not watch processes here, so nobody sees where the server connects")
    return found


def beyond_loopback(trace: str) -> list[str]:
    """Return the system calls of a trace that name an address of another machine."""
    lines = []
    for line in trace.splitlines():
        addresses = [ipaddress.ip_address(four or six) for four, six in _ADDRESS.findall(line)]
        families = set(_FAMILY.findall(line)) - {"AF_UNIX", "AF_UNSPEC", "AF_NETLINK"}
        if families and not (addresses and all(each.is_loopback for each in addresses)):
            lines.append(line)
    return lines


def test_offline_server_connects_to_nothing_beyond_loopback(strace: str, own_index: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    watch = [strace, "-D", "-f", "-qq", "-e", "trace=bind,connect,sendto,sendmsg,sendmmsg", "-o", str(trace)]
    with serving(own_index, tmp_path / "home", before=watch, env={"PAPERCHAT_OFFLINE": "1"}) as target:
        with target.client() as client:
            assert client.get("/").status_code == 200
            for name, data, event in (
                ("answer", ["What does http://192.0.2.1/tidenet.pdf say of TideNet?", None], None),
                ("find", [], {"request": "papers like https://elsewhere.example/paper", "count": ""}),
            ):
                session = new_session()
                target.join(client, name, data, session, event_data=event).raise_for_status()
                assert [*messages(client, session)][-1]["msg"] == "close_stream"
            for address in ELSEWHERE:
                file = {"path": address, "url": address, "meta": META}
                session = new_session()
                if target.join(client, "answer", [file, None], session).is_success:
                    assert [*messages(client, session)]
                for path in ("file", "proxy"):
                    client.get(f"/gradio_api/{path}={address}")
            text = b'{"title": "Ships", "abstract": "Ships sail.", "url": "https://elsewhere.example/a.pdf"}\n'
            files = [{"name": "papers.jsonl", "path": uploaded(client, "papers.jsonl", text)}]
            begun = target.serve(client, "add_uploads", {"files": files}).raise_for_status().json()
            while target.serve(client, "progress", {"ticket": begun["ticket"]}).raise_for_status().json()["busy"]:
                pass
    seen = trace.read_text(encoding="utf-8", errors="replace")
    assert "bind(" in seen  # it was watched
    assert beyond_loopback(seen) == []


def test_trace_tells_loopback_from_other_machines() -> None:
    trace = """
7 connect(3, {sa_family=AF_UNIX, sun_path="/run/socket"}, 110) = 0
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 EINPROGRESS
7 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = -1
7 sendto(3, "x", 1, MSG_NOSIGNAL, NULL, 0) = 1
"""
    assert [line.count("192.0.2.1") + line.count("2001:db8::1") for line in beyond_loopback(trace)] == [1, 1]
