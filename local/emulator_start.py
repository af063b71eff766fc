"""Start MiniStack behind a filter of requests, with each archive unpacked once. The emulator's own Python runs this.

MiniStack answers every request to its port, including those of any web page and by any host name, and it runs the code
that it is given. So the filter refuses requests that do not address this machine by its local names, and requests of
pages of another origin; see `refusal`.

MiniStack unpacks both layers, 2,900 files of 80 MB, for each process that it starts for a function, and before that
resolves the path of every file, which takes longer than everything else at its start. Here the processes share one copy
through symbolic links, and only the paths of these are resolved; the copy is deleted with the emulator's temporary
files.
"""

import hashlib
import importlib
import os
import re
import runpy
import shutil
import tempfile
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
"""The types of ASGI."""
Headers = Sequence[tuple[bytes, bytes]]

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "host.docker.internal"})
"""Host names of this machine, besides those below localhost. A name whose DNS record an attacker points to this machine
is not among them. The last one is for functions in containers.
"""
_OWN_SITES: Final = frozenset({"same-origin", "none"})
"""Sec-Fetch-Site of requests by a page of the same origin, and of an address that a person opened. Browsers send the
header, programs do not.
"""
_CONSOLE: Final = re.compile(r"(?:/_aws/execute-api/[a-z0-9]+)?/[A-Za-z0-9_-]+/console/")
"""The console's page, in both forms of an API's URL."""
_AUTHORITY: Final = re.compile(r"(?P<name>[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
_DECIDING: Final = frozenset({"host", "origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"})
_FOREIGN_PAGE: Final = "The local stack answers no page of another origin."
_FORBIDDEN: Final = 403
_POLICY_VIOLATION: Final = 1008
FEW_FILES: Final = 100
"""Archives with fewer files, such as a function's own code, are not worth sharing."""
_extractall: Final = zipfile.ZipFile.extractall
_namelist: Final = zipfile.ZipFile.namelist


def extract_once(
    archive: zipfile.ZipFile,
    path: str | os.PathLike[str] | None = None,
    members: Iterable[str | zipfile.ZipInfo] | None = None,
    pwd: bytes | None = None,
) -> None:
    """Replace `ZipFile.extractall`, so that the entries of `path` may be links to an earlier copy."""
    if path is None or members is not None or len(archive.filelist) < FEW_FILES:
        _extractall(archive, path, members, pwd)
        return
    for entry in _unpacked(archive).iterdir():
        Path(path, entry.name).symlink_to(entry)


def top_names(archive: zipfile.ZipFile) -> list[str]:
    """Replace `ZipFile.namelist`: of a shared archive, return the names of the links that `extract_once` makes."""
    names = _namelist(archive)
    return names if len(names) < FEW_FILES else sorted({name.partition("/")[0] for name in names})


REPLACEMENTS: Final[Mapping[str, Callable[..., object]]] = {"extractall": extract_once, "namelist": top_names}
"""Name of a method of `ZipFile` -> the function that replaces it in the emulator."""


def _unpacked(archive: zipfile.ZipFile) -> Path:
    everything = Path(tempfile.gettempdir(), "unpacked")
    copy = everything / _fingerprint(archive)
    if not copy.exists():
        everything.mkdir(exist_ok=True)
        fresh = tempfile.mkdtemp(dir=everything)
        _extractall(archive, fresh, _namelist(archive))
        try:
            Path(fresh).rename(copy)
        except OSError:  # another thread has unpacked it first
            shutil.rmtree(fresh)
    return copy


def _fingerprint(archive: zipfile.ZipFile) -> str:
    files = "\0".join(f"{file.filename} {file.file_size} {file.CRC}" for file in archive.filelist)
    return hashlib.sha256(files.encode()).hexdigest()


def behind_gate(application: Application) -> Application:
    """Return the application behind the filter `refusal`; no answer has CORS headers for pages of other origins."""

    async def gate(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        reason = refusal(scope["type"], scope.get("method", "GET"), scope["path"], scope["headers"])
        if reason is None:
            await application(scope, receive, _without_invitation(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await _refuse(send, reason)

    return gate


def refusal(kind: str, method: str, path: str, headers: Headers) -> str | None:
    """Return why a request is refused, as a text for the user, or None to accept it.

    `kind` is "http" or "websocket". A request is accepted if its host is a local name, and if it comes from no browser,
    from an address that a person opened, or from a page of the emulator. Another page may navigate to the console only,
    as an issuer's page does after a sign-in.
    """
    given = _single_values(headers)
    host = given.get("host")
    if host is None or not _is_local(name := _name_in(host)):
        return "The local stack answers only under the names of this machine, as http://localhost."
    if "origin" in given and not _is_own(given["origin"] or "", host, name):
        return _FOREIGN_PAGE
    site = given.get("sec-fetch-site", "none")
    if site in _OWN_SITES or _leads_to_console(kind, method, path, given):
        return None
    return _FOREIGN_PAGE


def _single_values(headers: Headers) -> dict[str, str | None]:
    """Return the headers that decide. The value is None if one occurs twice, as readers differ in which one counts."""
    found: dict[str, str | None] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        if name in _DECIDING:
            found[name] = None if name in found else raw_value.decode("latin-1")
    return found


def _name_in(authority: str) -> str:
    """Return the name in `name:port`, or an empty text if it is malformed."""
    match = _AUTHORITY.fullmatch(authority)
    return match["name"].lower() if match else ""


def _is_local(name: str) -> bool:
    return name in LOCAL_NAMES or name.endswith(".localhost")


def _is_own(origin: str, host: str, name: str) -> bool:
    """Return whether a page's origin is the address of the request, or another local name with the same port."""
    authority = origin.removeprefix("http://")
    page = _name_in(authority)
    return authority != origin and _is_local(page) and authority[len(page) :] == host[len(name) :]


def _leads_to_console(kind: str, method: str, path: str, given: Mapping[str, str | None]) -> bool:
    return (
        (kind, method) == ("http", "GET")
        and (given.get("sec-fetch-mode"), given.get("sec-fetch-dest")) == ("navigate", "document")
        and _CONSOLE.fullmatch(path) is not None
    )


def _without_invitation(send: Send) -> Send:
    async def send_without(message: Message) -> None:
        if "headers" in message:
            kept = [
                (name, value) for name, value in message["headers"] if not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": kept}
        await send(message)

    return send_without


async def _refuse(send: Send, reason: str) -> None:
    content = f"{reason}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(content)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),  # the request's body is not read
    ]
    await send({"type": "http.response.start", "status": _FORBIDDEN, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def main() -> None:
    """Start MiniStack."""
    for name, replacement in REPLACEMENTS.items():
        setattr(zipfile.ZipFile, name, replacement)
    server = importlib.import_module("ministack.app")
    server.app = behind_gate(server.app)  # type: ignore[attr-defined]
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
