"""Resident memory of this process, bytes."""


def _status(field):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field + ":"))


def resident():
    return _status("VmRSS")


def reset_peak():
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def peak():
    return _status("VmHWM")


def of_training(side, count, **options):
    """Bytes above what the imports took, at most, while `side` is set up and takes `count` steps; and the losses."""
    reset_peak()
    before = resident()
    side.setup(**options)
    losses = [loss for loss, _ in side.steps(count)]
    return {"bytes": peak() - before, "losses": losses}
