"""Networks by name: files of other projects, at pinned commits, each known by its SHA-256."""

from edge_runtime.catalogue.fetch import UPSTREAM, fetch_model
from edge_runtime.catalogue.find import find_model, locate
from edge_runtime.catalogue.known import KnownModel, known_models, models_named

__all__ = ["UPSTREAM", "KnownModel", "fetch_model", "find_model", "known_models", "locate", "models_named"]
