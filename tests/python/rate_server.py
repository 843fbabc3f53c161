"""A server of a thousand pairs, which any number of raters may judge, in a process of its own, to be killed: rate_server.py STORE PORT TOKEN."""

import sys
import time

from tutelage.rate import HumanLoop

if __name__ == "__main__":
    loop = HumanLoop(sys.argv[1], per_item=1000)
    loop.post((f"Question {k}?", ["one", "two"]) for k in range(1000))
    loop.serve(port=int(sys.argv[2]), token=sys.argv[3])
    print("ready", flush=True)
    time.sleep(3600)
