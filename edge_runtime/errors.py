"""The errors of the whole project, in one tree.

::

    EdgeRuntimeError                  anything this project raises on purpose
    ├── InputError                    the user can mend it: exit status 2
    │   ├── ModelError                a model that cannot be read, or has something that is not supported
    │   ├── ConfigError               a board or pipeline file with a wrong key, unit or value
    │   ├── DataError                 a recording, block or array that is not what was declared
    │   └── FitError                  a network or head that does not fit this overlay
    ├── ToolError                     a program or package that is needed here is missing or failed
    ├── FetchError                    a download failed, or brought something else
    ├── AcceleratorError              the accelerator did not do what it should
    │   ├── BusError                  a transaction failed or answered nonsense
    │   ├── DeadlineError             nothing answered in time
    │   └── MismatchError             outputs differ from the reference's
    ├── SinkError                     records could not be written where they should go
    │   └── LinkError                 a connection could not be made, broke, or did not answer in time
    ├── OverrunError                  samples that a ring buffer holds no more, or not yet
    └── StateError                    a saved state that is damaged or belongs to something else

A message names what is wrong, where, and what would be right. It is written for the person who reads
it in a terminal: one line, no traceback.
"""

from __future__ import annotations

__all__ = [
    "AcceleratorError",
    "BundleError",
    "BusError",
    "ConfigError",
    "DataError",
    "DeadlineError",
    "EdgeRuntimeError",
    "FetchError",
    "FitError",
    "InputError",
    "LinkError",
    "MismatchError",
    "ModelError",
    "OverrunError",
    "SinkError",
    "StateError",
    "ToolError",
]


class EdgeRuntimeError(Exception):
    """Anything this project raises on purpose."""

    exit_status = 1


class InputError(EdgeRuntimeError):
    """Something the user gave is wrong, and the user can mend it."""

    exit_status = 2


class ModelError(InputError):
    """A model that cannot be read, or has something that is not supported."""


class ConfigError(InputError):
    """A board or pipeline file with a wrong key, unit or value."""


class BundleError(InputError):
    """A bundle that is damaged, not to be trusted or made for another device, or a step that is not allowed now."""


class DataError(InputError):
    """A recording, block or array that is not what was declared."""


class FitError(InputError):
    """A network or head that does not fit this overlay."""


class ToolError(EdgeRuntimeError):
    """A program or package that is needed here is missing or failed."""


class FetchError(EdgeRuntimeError):
    """A download failed, or brought something else."""


class AcceleratorError(EdgeRuntimeError):
    """The accelerator did not do what it should."""


class BusError(AcceleratorError):
    """A transaction failed or answered nonsense."""


class DeadlineError(AcceleratorError):
    """Nothing answered in time."""


class MismatchError(AcceleratorError):
    """Outputs differ from the reference's."""


class SinkError(EdgeRuntimeError):
    """Records could not be written where they should go."""


class LinkError(SinkError):
    """A connection to a broker or a receiver could not be made, broke, or did not answer in time."""


class OverrunError(EdgeRuntimeError):
    """Samples that a ring buffer holds no more, or not yet."""


class StateError(EdgeRuntimeError):
    """A saved state that is damaged or belongs to something else."""
