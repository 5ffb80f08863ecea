"""The files of `web/` as they are served: addresses, types, forms on the wire. Answering is in `gateway.routes.web`.

They are read once, at the start. No file is written anew for the wire, but for the page, into which the gateway puts
what else to load at once, and whose policy it makes from what the page holds.
"""

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urljoin

_MEDIA_TYPES = {  # other files are not served
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}
_ROOT = Path(__file__).parent.parent
# In the wheel, else in the checkout that an editable install points to.
_PLACES = (_ROOT / "gateway" / "web", _ROOT / "web")
_PAGE = "index.html"
_PAGE_PATH = "/"
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_ENTRY = re.compile(rb'^.*<script type="module" src="([^"]+)"', re.MULTILINE)
_IMPORT = re.compile(rb"""\bfrom ?["']([^"']+)["']""")
_LEAST_TO_COMPRESS = 200  # bytes; below, the headers weigh more


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file that is served.

    Attributes:
        path: of the URL, like `/client/socket.js`; the page's is `/`.
        headers: that only this file has.
        compressed: the same content as gzip; None where that is not worth it.
    """

    path: str
    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    compressed: bytes | None = None

    @property
    def digest(self) -> str:
        """The same for the same content, on every gateway."""
        return sha256(self.content).hexdigest()[:32]


def read_web_files(directory: Path | None = None) -> list[WebFile]:
    """Read what is served, from a directory or from where it was installed."""
    place = directory or next((place for place in _PLACES if place.is_dir()), _PLACES[0])
    files = [
        _web_file(f"/{file.relative_to(place).as_posix()}", file.read_bytes(), _MEDIA_TYPES[file.suffix])
        for file in sorted(place.rglob("*"))
        if file.suffix in _MEDIA_TYPES and file.is_file() and file.name != _PAGE
    ]
    page = place / _PAGE
    return [*files, _page(page.read_bytes(), files)] if page.is_file() else files


def _web_file(path: str, content: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> WebFile:
    compressed = gzip.compress(content, 9, mtime=0) if len(content) >= _LEAST_TO_COMPRESS else None
    return WebFile(path, content, media_type, headers or {}, compressed)


def _page(html: bytes, files: Sequence[WebFile]) -> WebFile:
    """Make the page: it names all modules that it begins with, where browsers would find them one after the other."""
    entry = _ENTRY.search(html)
    begin = (
        [] if entry is None else _imported(f"/{entry[1].decode()}", html, {file.path: file.content for file in files})
    )
    preloads = "".join(f'  <link rel="modulepreload" href="{path.removeprefix("/")}">\n' for path in begin).encode()
    content = _ENTRY.sub(lambda found: preloads + found[0], html, count=1)
    return _web_file(
        _PAGE_PATH, content, _MEDIA_TYPES[".html"], {"Content-Security-Policy": _policy(_inline_scripts(content))}
    )


def _imported(entry: str, html: bytes, contents: Mapping[str, bytes]) -> list[str]:
    """Return a module and all that it imports at once, which leaves out what it loads later by `import()`."""
    named = {name: urljoin("/", place) for name, place in _import_map(html).items()}
    waiting, seen = [entry], list[str]()
    while waiting:
        path = waiting.pop()
        if path in seen or path not in contents:
            continue
        seen.append(path)
        for found in _IMPORT.findall(contents[path]):
            name = found.decode()
            waiting.append(urljoin(path, name) if name.startswith(".") else named.get(name, ""))
    return sorted(seen)


def _import_map(html: bytes) -> dict[str, str]:
    found = _INLINE_SCRIPT.search(html)
    imports: dict[str, str] = {} if found is None else json.loads(found[1])["imports"]
    return imports


def _inline_scripts(html: bytes) -> list[str]:
    digests = [sha256(found[1]).digest() for found in _INLINE_SCRIPT.finditer(html)]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def _policy(inline: Sequence[str]) -> str:
    """Only what this gateway serves, and no text ever becomes markup or a script: browsers refuse the ways to do it."""
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *inline)),
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
