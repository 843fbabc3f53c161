"""What this machine gives."""

import platform

import tutelage


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def run(args):
    print(f"tutelage {tutelage.__version__}, Python {platform.python_version()}")
    print(f"CPU: {cpu_name()}")
    print(f"instruction set in use: {tutelage.isa()} (TUTELAGE_ISA overrides)")
    print(f"threads: {tutelage.num_threads()} (TUTELAGE_NUM_THREADS overrides)")
    return 0
