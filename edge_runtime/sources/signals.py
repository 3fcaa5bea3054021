"""Models of signals: a rolling bearing with a fault, and a body that moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError

__all__ = ["Bearing", "bearing_vibration", "motion"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bearing:
    """A rolling bearing's geometry and speed, and the frequencies at which a fault strikes.

    Parameters
    ----------
    balls
        Rolling elements.
    ball_mm, pitch_mm
        Their diameter, and that of the circle that they run on.
    contact_degrees
        Contact angle.
    shaft_hz
        Turns of the shaft per second.

    The frequencies are the kinematic ones of Randall and Antoni, "Rolling element bearing diagnostics: a tutorial",
    Mechanical Systems and Signal Processing 25(2), 2011, equations 1 to 4.

    Examples
    --------
    >>> bearing = Bearing(balls=9, ball_mm=7.94, pitch_mm=39.04, shaft_hz=30.0)
    >>> round(bearing.outer_race_hz, 2), round(bearing.inner_race_hz, 2)
    (107.54, 162.46)
    """

    balls: int = 9
    ball_mm: float = 7.94
    pitch_mm: float = 39.04
    contact_degrees: float = 0.0
    shaft_hz: float = 30.0

    @property
    def _ratio(self) -> float:
        return self.ball_mm / self.pitch_mm * float(np.cos(np.radians(self.contact_degrees)))

    @property
    def outer_race_hz(self) -> float:
        """Balls that pass a point of the outer race, per second (BPFO)."""
        return self.balls * self.shaft_hz / 2 * (1 - self._ratio)

    @property
    def inner_race_hz(self) -> float:
        """Balls that pass a point of the inner race, per second (BPFI)."""
        return self.balls * self.shaft_hz / 2 * (1 + self._ratio)

    @property
    def cage_hz(self) -> float:
        """Turns of the cage per second (FTF)."""
        return self.shaft_hz / 2 * (1 - self._ratio)

    @property
    def ball_hz(self) -> float:
        """Turns of a ball per second (BSF)."""
        return self.pitch_mm / self.ball_mm * self.shaft_hz / 2 * (1 - self._ratio**2)

    def fault_hz(self, fault: str) -> float:
        """Return how often a fault strikes: 0 for ``"none"``.

        Raises
        ------
        DataError
            If there is no such fault.
        """
        rates = {
            "none": 0.0,
            "outer": self.outer_race_hz,
            "inner": self.inner_race_hz,
            "ball": 2 * self.ball_hz,
        }
        if fault not in rates:
            raise DataError(f"bearing: there is no fault {fault!r}; choose of {', '.join(rates)}")
        return rates[fault]


RESONANCE_HZ_OF_RATE = 0.23
DECAY_PERIODS = 4.0


def bearing_vibration(index: Array, rate_hz: float, bearing: Bearing, fault: str) -> Array:
    """Return a vibration without noise: the shaft's imbalance, and a ringing resonance at each strike of a fault.

    Parameters
    ----------
    index
        float64[n], which samples.
    rate_hz
        Samples per second.
    bearing, fault
        What turns, and what is wrong with it.

    Returns
    -------
    float64[n], a function of each index alone
    """
    t = index / rate_hz
    vibration: Array = 0.3 * np.sin(2 * np.pi * bearing.shaft_hz * t)
    strikes_hz = bearing.fault_hz(fault)
    if strikes_hz:
        resonance_hz = RESONANCE_HZ_OF_RATE * rate_hz
        since = np.mod(t, 1 / strikes_hz)
        load = 1 + 0.6 * np.cos(2 * np.pi * bearing.shaft_hz * t) if fault == "inner" else 1.0
        ringing = np.exp(-since * resonance_hz / DECAY_PERIODS) * np.sin(2 * np.pi * resonance_hz * since)
        vibration += load * ringing
    return vibration


GRAVITY = 9.81
GAITS = {"standing": (0.0, 0.0), "walking": (1.9, 2.5), "running": (2.8, 9.0)}
"""Steps per second and the bounce's amplitude in m/s²: orders of magnitude, for streams that look like a body's."""


def motion(index: Array, rate_hz: float, gait: str) -> Array:
    """Return the accelerations of a body in m/s², without noise: forward, sideways, up (gravity included).

    Parameters
    ----------
    index
        float64[n], which samples.
    rate_hz
        Samples per second.
    gait
        ``"standing"``, ``"walking"`` or ``"running"``.

    Returns
    -------
    float64[n, 3]

    Raises
    ------
    DataError
        If there is no such gait.
    """
    if gait not in GAITS:
        raise DataError(f"motion: there is no gait {gait!r}; choose of {', '.join(GAITS)}")
    steps_hz, bounce = GAITS[gait]
    phase = 2 * np.pi * steps_hz * index / rate_hz
    up = GRAVITY + bounce * (np.sin(phase) + 0.4 * np.sin(2 * phase))
    forward = 0.4 * bounce * np.sin(phase + 1.1)
    sideways = 0.3 * bounce * np.sin(phase / 2)
    return np.stack([forward, sideways, up], axis=1)
