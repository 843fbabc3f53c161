"""What a control policy did, to be looked at: pictures at equal times, and the episode that is trained on."""

import base64
import hashlib
import json
import math
import struct
import zlib
from typing import NamedTuple, Optional

from .. import prefs
from .._core import Trajectory, ValueError

COLORS = ("ink", "soft", "accent", "good", "bad")  # of shapes: the page's own, light and dark
NUMBERS = {"line": (4, None), "polygon": (6, None), "circle": (3, 3), "at": (2, 2)}  # how many a shape has; x and y rise to the right and up
MOST_FRAMES, MOST_SHAPES = 10_000, 200
PICTURE = "data:image/png;base64,"
EPISODE = ("observations", "actions", "rewards", "terminated", "truncated")


class Replay(NamedTuple):
    """frames: each a list of shapes, or a picture as PNG; `seconds` from one to the next; box: left, bottom, right and top of what is seen.

    A shape is {"line": [x, y, x, y, ...], "width": w}, {"polygon": [x, y, ...]}, {"circle": [x, y, radius]} or {"text": words, "at": [x, y]}, each with
    "color" of COLORS. trajectory: the episode, for training; raters see nothing of it.
    """

    frames: tuple
    seconds: float = 0.05
    box: tuple = (-1.0, -1.0, 1.0, 1.0)
    trajectory: Optional[dict] = None

    @staticmethod
    def of(frames, seconds=0.05, box=(-1.0, -1.0, 1.0, 1.0), trajectory=None):
        """Checks it. frames: lists of shapes, or arrays (height, width, 3) of bytes as environments render them. trajectory: an env.Trajectory. Raises ValueError."""
        frames = [_picture(f, k) if hasattr(f, "shape") else f if isinstance(f, str) else [_shape(s, k) for s in f] for k, f in enumerate(frames)]
        box = tuple(float(x) for x in box)
        if not 0 < len(frames) <= MOST_FRAMES or any(len(f) > MOST_SHAPES for f in frames if isinstance(f, list)):
            raise ValueError(f"Replay.of: too much or nothing to draw: got {len(frames)} frames, expected 1 to {MOST_FRAMES}, of at most {MOST_SHAPES} shapes.")
        if any(isinstance(f, str) and not f.startswith(PICTURE) for f in frames):
            raise ValueError("Replay.of: a frame is no picture: got text, expected shapes, an array, or a PNG as a data link.")
        if not (isinstance(seconds, (int, float)) and 0.001 <= seconds <= 60):
            raise ValueError(f"Replay.of: seconds is out of range: got {seconds!r}, expected 0.001 to 60 from one frame to the next.")
        if len(box) != 4 or not all(map(math.isfinite, box)) or not (box[0] < box[2] and box[1] < box[3]):
            raise ValueError(f"Replay.of: box is none: got {box}, expected left, bottom, right, top.")
        if trajectory is not None and not isinstance(trajectory, dict):
            trajectory = {name: getattr(trajectory, name) for name in EPISODE}
            trajectory = {name: v.tolist() if hasattr(v, "tolist") else v for name, v in trajectory.items()}
        return Replay(tuple(frames), float(seconds), box, trajectory)

    def stored(self):
        """As plain data, for JSON."""
        return {"frames": list(self.frames), "seconds": self.seconds, "box": list(self.box), "trajectory": self.trajectory}

    def view(self):
        """What the page draws."""
        return {"frames": self.frames, "seconds": self.seconds, "box": self.box}

    def behaviour(self, source):
        """What is judged, for training: the episode, where there is one; else a name of what was seen."""
        if self.trajectory is None:
            return prefs.Behaviour(reference=str(self), source=source)
        return prefs.Behaviour(trajectory=Trajectory(**self.trajectory), source=source)

    def digest(self):
        return hashlib.sha256(json.dumps(self.stored()).encode()).hexdigest()

    def __hash__(self):
        return hash(self.digest())

    def __str__(self):
        return f"[replay, {len(self.frames) * self.seconds:.1f} s]"


def _shape(shape, frame):
    """A shape of plain numbers, or ValueError."""
    kind = next((k for k in ("line", "polygon", "circle", "text") if isinstance(shape, dict) and k in shape), None)
    if kind is None or not set(shape) <= {kind, "at", "width", "color"} or shape.get("color", "ink") not in COLORS:
        raise ValueError(f"Replay.of: frame {frame} has no known shape: got {shape!r:.80}, expected line, polygon, circle or text, in one of {', '.join(COLORS)}.")
    found = {"color": shape.get("color", "ink")}
    if kind == "text":
        found["text"] = str(shape["text"])[:200]
    for name in ("at",) if kind == "text" else (kind,):
        numbers, (least, most) = [float(x) for x in shape.get(name, ())], NUMBERS[name]
        if not all(map(math.isfinite, numbers)) or len(numbers) < least or (most and len(numbers) > most) or (name != "circle" and len(numbers) % 2):
            raise ValueError(f"Replay.of: frame {frame}: {kind} has wrong numbers: got {shape.get(name)!r:.80}, expected finite ones, {least}{'' if most == least else ' or more'}.")
        found[name] = numbers
    if kind == "line":
        found["width"] = float(shape.get("width", 2))
    return found


def _picture(array, frame):
    """(height, width, 3) bytes as PNG, without another library (PNG, third edition, 2025)."""
    if len(array.shape) != 3 or array.shape[2] != 3 or str(array.dtype) != "uint8" or 0 in array.shape:
        raise ValueError(f"Replay.of: frame {frame} is no picture: got {tuple(array.shape)} of {array.dtype}, expected (height, width, 3) of uint8.")
    height, width, _ = array.shape
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    lines = b"".join(b"\0" + array[y].tobytes() for y in range(height))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return PICTURE + base64.b64encode(data).decode()
