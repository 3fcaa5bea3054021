"""The networks that have a name, from ``catalogue.toml``."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from pydantic import Field, PositiveInt

from edge_runtime.config import Table, parse_toml
from edge_runtime.errors import ConfigError

__all__ = ["KnownModel", "known_models", "models_named", "suggestion"]

_FILE = Path(__file__).parent / "catalogue.toml"


@dataclass(frozen=True)
class KnownModel:
    """A network, and where its file comes from.

    Parameters
    ----------
    name
        What users call it.
    task
        What it is for.
    repository, commit, path
        The file on GitHub: ``owner/name``, 40 hexadecimal digits, and the path in the repository.
    size
        Of the file, in bytes.
    sha256
        Of the file, in hexadecimal.
    license
        The repository's.
    group
        Networks that are fetched together.
    """

    name: str
    task: str
    repository: str
    commit: str
    path: str
    size: int
    sha256: str
    license: str
    group: str

    def is_content(self, content: bytes) -> bool:
        """Whether this is the file, to the byte."""
        return hashlib.sha256(content).hexdigest() == self.sha256


class _ModelTable(Table):
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    task: str
    path: str
    size: PositiveInt
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _SourceTable(Table):
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    commit: str = Field(pattern=r"^[0-9a-f]{40}$")
    license: str
    group: str
    model: tuple[_ModelTable, ...] = Field(min_length=1)


class _Catalogue(Table):
    source: tuple[_SourceTable, ...]


@lru_cache(maxsize=1)
def known_models() -> Mapping[str, KnownModel]:
    """Return the networks that have a name, by their names, in the catalogue's order."""
    found = {}
    for source in parse_toml(_FILE, _Catalogue).source:
        origin = source.model_dump(exclude={"model"})
        for model in source.model:
            found[model.name] = KnownModel(**origin, **model.model_dump())
    return MappingProxyType(found)


def models_named(names: Sequence[str]) -> list[KnownModel]:
    """Return the networks with these names, or, for the name of a group, all networks in it; each one once.

    Raises
    ------
    ConfigError
        If there is no such name.
    """
    known = known_models()
    found: dict[str, KnownModel] = {}
    for name in names:
        members = [model for model in known.values() if name in (model.name, model.group)]
        if not members:
            raise ConfigError(f"model {name!r} is unknown; {suggestion(name)}")
        found.update((model.name, model) for model in members)
    return list(found.values())


def suggestion(name: str) -> str:
    """Say which known name may be meant, or all that are known."""
    known = known_models()
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    groups = dict.fromkeys(model.group for model in known.values())
    return f"known models: {', '.join(known)}; known groups: {', '.join(groups)}"
