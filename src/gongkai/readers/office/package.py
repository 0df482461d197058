"""Office files that are a ZIP of XML (DOCX, ODT, OFD): their parts, bounded, without entities or network."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Mapping

from lxml import etree

from gongkai.errors import ReadError

# What a real report unpacks to is under 2 MiB without its pictures; more is a bomb or a mistake.
MAX_UNPACKED = 256 * 2**20
MAX_PART = 64 * 2**20
# What zipfile, zlib and lxml raise on damaged files.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, KeyError, NotImplementedError, OSError,
    RuntimeError, ValueError,
)  # fmt: skip


class Package:
    """The parts of an office file, by name."""

    def __init__(self, content: bytes, name: str, kind: str) -> None:
        """Open it.

        Args:
            content: The file.
            name: For messages.
            kind: What it is, for messages.

        Raises:
            ReadError: It is damaged, or unpacks to more than 256 MiB.
        """
        self.name, self.kind = name, kind
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _DAMAGE as error:
            raise self.damaged(error) from error
        size = sum(entry.file_size for entry in self._zip.infolist())
        if size > MAX_UNPACKED:
            raise ReadError(f"{name}: unpacks to {size / 2**20:.0f} MiB; not a report")
        self.names = frozenset(self._zip.namelist())

    def damaged(self, error: object) -> ReadError:
        """Return the error to raise where something is not as it must be."""
        return ReadError(f"{self.name}: a damaged {self.kind} ({error}); open it and save it again")

    def encrypted(self) -> ReadError:
        """Return the error to raise where a password is needed."""
        return ReadError(f"{self.name}: is encrypted; remove the password first")

    def read(self, part: str) -> bytes:
        """Return a part.

        Raises:
            ReadError: It is missing, encrypted, damaged or too large.
        """
        try:
            if self._zip.getinfo(part).flag_bits & 1:
                raise self.encrypted()
            with self._zip.open(part) as stream:
                content = stream.read(MAX_PART + 1)
        except _DAMAGE as error:
            raise self.damaged(error) from error
        if len(content) > MAX_PART:
            raise ReadError(f"{self.name}: {part} unpacks to more than {MAX_PART >> 20} MiB; not a report")
        return content

    def xml(self, part: str) -> etree._Element:
        """Return the root of a part.

        Raises:
            ReadError: See `read`; or it is not XML.
        """
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )
        try:
            return etree.fromstring(self.read(part), parser)
        except _DAMAGE as error:
            raise self.damaged(error) from error

    def related(self, part: str) -> Mapping[str, tuple[str, str]]:
        """Return what an OOXML part refers to: id → (kind, name of the part); "" is the package itself."""
        folder, file = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{file}.rels")
        if rels not in self.names:
            return {}
        return {
            relation.get("Id", ""): (
                relation.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join(folder, relation.get("Target", ""))).lstrip("/"),
            )
            for relation in self.xml(rels)
            if relation.get("TargetMode") != "External"
        }


def local(element: etree._Element) -> str:
    """Return the name of an element without its namespace; "" for what is none."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: etree._Element, name: str) -> str:
    """Return an attribute by its name without namespace, "" where there is none."""
    for key, value in element.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""
