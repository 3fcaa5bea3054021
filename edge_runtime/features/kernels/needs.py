"""What a kernel must be given about a window."""

from __future__ import annotations

from enum import Flag, auto

__all__ = ["Needs"]


class Needs(Flag):
    """The statistics of a window that a kernel reads; a view computes those that one of its kernels needs."""

    MEAN = auto()
    SQUARES = auto()  #: sum of the squared distances to the mean
    CUBES = auto()  #: the same with third powers
    FOURTHS = auto()  #: the same with fourth powers
    SLOPE = auto()  #: sum of the distances to the mean times the distances to the middle of the window
    EXTREMA = auto()  #: the smallest and the largest sample
    CROSSINGS = auto()  #: how often the samples pass zero
    SAMPLES = auto()  #: the samples themselves

    @property
    def complete(self) -> Needs:
        """These, and what computing them takes."""
        needs = self
        if needs & Needs.FOURTHS:
            needs |= Needs.CUBES
        if needs & Needs.CUBES:
            needs |= Needs.SQUARES
        if needs & (Needs.SQUARES | Needs.SLOPE | Needs.SAMPLES):
            needs |= Needs.MEAN
        return needs
