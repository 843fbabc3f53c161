"""The page as a widget of a notebook: the same module, its messages over the kernel's comm."""

from importlib import resources

from .._core import ConfigError, Error
from .server import Refused, call


def widget(desk, rater="notebook"):
    """A widget of this desk; `rater` is who sits before the notebook. While a cell runs, a kernel reads no messages: `post` and judge, then read `answers`."""
    try:
        import anywidget
    except ImportError as error:
        raise ConfigError("HumanLoop.widget: anywidget is not installed: got no module, expected it. pip install 'tutelage[notebook]'") from error

    folder = resources.files("tutelage").joinpath("rate")

    class Rate(anywidget.AnyWidget):
        _esm = folder.joinpath("rate.js").read_text(encoding="utf-8")
        _css = folder.joinpath("rate.css").read_text(encoding="utf-8")

    made, who = Rate(), desk.rater(rater)

    def take(_, message, __):
        try:
            made.send({"call": message["call"], "reply": call(desk, who, message["name"], message["body"])})
        except (Error, Refused, KeyError, TypeError) as error:
            made.send({"call": message.get("call"), "status": getattr(error, "status", 422), "error": str(error)})

    made.on_msg(take)
    return made
