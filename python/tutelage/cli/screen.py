"""What reaches the terminal."""

import signal
import sys


def visible(text):
    """The text with control characters shown as escapes, so that a model cannot speak to the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Progress:
    """One line that counts up on a terminal; on anything else, a line when a stage begins."""

    SHOWN = ("loss", "reward", "kl", "response_length")  # the few numbers that matter

    def __init__(self, quiet=False):
        self._live = sys.stderr.isatty()
        self._quiet = quiet
        self._stage = None

    def __call__(self, p):
        if self._quiet:
            return
        numbers = "  ".join(f"{name} {value:.3g}" for name, value in p.metrics.items() if name in self.SHOWN)
        if self._live:
            filled = 30 * p.done // max(1, p.total)
            sys.stderr.write(f"\r\x1b[K  {p.stage:<15} [{'#' * filled}{'.' * (30 - filled)}] {p.done}/{p.total}  {numbers}")
            if p.done == p.total:
                sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        elif p.stage != self._stage:
            print(f"  {p.stage} ...", file=sys.stderr, flush=True)
        self._stage = p.stage


class Interrupt:
    """While it lives, the first Ctrl-C asks for a stop, and the second one is an error as usual."""

    def __init__(self, quiet=False):
        self.asked, self._quiet = False, quiet

    def __enter__(self):
        self._old = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self._old)

    def _handle(self, *_):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if not self._quiet:
            print("\nstopping after this step; what was learnt is kept", file=sys.stderr)

    def __call__(self):
        return self.asked
