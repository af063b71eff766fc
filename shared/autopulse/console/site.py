"""Answer requests for the console, independently of the path under which it is served.

`console` redirects to `console/`, which is the index. Below it are `config.json`, the stack's configuration, and
`<release>/<file>` for all other files. Browsers always request the first two again, and cache the other files, because
new content has a new release.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from autopulse.console import configuration
from autopulse.console.assets import INDEX, MEDIA_TYPES, Asset, read_pages
from autopulse.console.policy import HEADERS, content_security_policy, transport_headers
from autopulse.http import Response, answer_error, answer_text
from autopulse.json_coercion import Json, read_mapping, read_text
from autopulse.negotiation import accepts_gzip
from autopulse.settings import console_settings

CONFIGURATION: Final = "config.json"
KEPT: Final = "public, max-age=31536000, immutable"
ASKED_ANEW: Final = "private, no-cache"


def handle(event: Json, folder: Path) -> Response:
    """Answer a REST API's proxy event for GET or HEAD with one of the folder's files."""
    event = read_mapping(event)
    headers = {str(name).lower(): str(value) for name, value in read_mapping(event.get("headers")).items()}
    answer = _answer(event, headers, folder)
    answer["headers"] |= HEADERS | transport_headers(headers)
    if event.get("httpMethod") == "HEAD":
        answer |= {"body": "", "isBase64Encoded": False}
    return answer


def _answer(event: Mapping[str, Json], headers: Mapping[str, str], folder: Path) -> Response:
    path = _path_below(event)
    if path is None:
        return _redirect()
    asset, caching = _find(path, folder)
    return (
        answer_error(404, "No such path.", {"cache-control": "no-store"})
        if asset is None
        else _represent(asset, caching, headers)
    )


def _path_below(event: Mapping[str, Json]) -> str | None:
    """The path below `console/`; None for `console` alone, from which relative links would be wrong."""
    below = read_text(read_mapping(event.get("pathParameters")).get("path"))
    if below:
        return below
    return "" if str(event.get("path")).endswith("/") else None


def _find(path: str, folder: Path) -> tuple[Asset | None, str]:
    """Find the file of a path; a path that leads out of the folder is an unknown name."""
    pages = read_pages(folder)
    if path in {"", INDEX}:
        return pages.index, ASKED_ANEW
    if path == CONFIGURATION:
        return configuration.render(console_settings()), ASKED_ANEW
    release, _, name = path.partition("/")
    return (pages.files.get(name) if release == pages.release else None), KEPT


def _represent(asset: Asset, caching: str, headers: Mapping[str, str]) -> Response:
    is_compressed = accepts_gzip(headers.get("accept-encoding", ""))
    tag = f'"{asset.digest}-gzip"' if is_compressed else f'"{asset.digest}"'
    described = {"etag": tag, "cache-control": caching, "vary": "accept-encoding"}
    if asset.media_type == MEDIA_TYPES[".html"]:
        described["content-security-policy"] = content_security_policy(console_settings())
    if _has(tag, headers.get("if-none-match", "")):
        return answer_text(304, "", described)
    described["content-type"] = asset.media_type
    if not is_compressed:
        return answer_text(200, asset.content.decode(), described)
    described["content-encoding"] = "gzip"
    return answer_text(200, base64.b64encode(asset.compressed).decode(), described, is_base64=True)


def _has(tag: str, wanted: str) -> bool:
    """Return whether an If-None-Match header has this tag, which a gateway may have made a weak one."""
    tags = {part.strip().removeprefix("W/") for part in wanted.split(",")}
    return bool({tag, "*"} & tags)


def _redirect() -> Response:
    return answer_text(308, "", {"location": "console/", "cache-control": ASKED_ANEW})
