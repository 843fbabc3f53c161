"""What teaching reaches: `tutelage demo` over wishes, seeds, data, ablations and judges that err; a table, JSON lines and a picture.

    python benchmarks/teaching/run.py --rows wishes,ablations,controls,curve --out benchmarks/results

Each run is one line of JSON in OUT/teaching.jsonl; runs that stand there already are not repeated. The chatbot before teaching depends on data and
seed alone, so it is trained once and kept in --bases.
"""

import argparse
import json
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import tutelage
from tutelage import io, train
from tutelage.cli import demo
from tutelage.cli.data import read_data
from tutelage.cli.judges import SHIPPED, Judge

WISHES = ("identity", "sentence", "short")
ABLATIONS = ("corrections", "judgements", "verdicts")


def jobs(rows, seeds):
    """Every run as a dict of what distinguishes it."""
    found = []

    def add(**job):
        job = {"data": "shipped", "wish": "identity", "seed": 0, "ablate": None, "error_rate": 0.0, **job}
        if job not in found:
            found.append(job)

    for seed in range(seeds):
        for wish in WISHES:
            if "wishes" in rows:
                add(wish=wish, seed=seed)
            if "english" in rows:
                add(wish=wish, seed=seed, data="english")
        for ablate in ABLATIONS:
            if "ablations" in rows:
                add(seed=seed, ablate=ablate)
        if "curve" in rows:
            for rate in (0.0, 0.1, 0.3, 0.5):
                add(seed=seed, error_rate=rate)
    if "controls" in rows:
        for seed in range(10):
            for rate in (0.0, 0.5, 1.0):
                add(seed=seed, error_rate=rate)
    return found


def base_model(job, args):
    """The chatbot before it is taught."""
    folder = os.path.join(args.bases, f"{job['data']}-{job['seed']}")
    if not os.path.isfile(os.path.join(folder, "conversations.jsonl")):
        conversations = read_data(args.english) if job["data"] == "english" else demo.shipped_conversations()
        io.save_model(folder, train.train_chatbot(conversations, demo.chatbot_config(job["seed"], job["data"] == "english")))
    return io.load_model(folder)


def one(job, args):
    """What the demo does after training, in numbers."""
    tutelage.set_num_threads(1)
    teacher = train.Teacher(base_model(job, args), demo.config_for(job["ablate"], job["seed"]))
    judge = Judge(SHIPPED, job["error_rate"], job["seed"], job["wish"])
    out = os.path.join(args.out, "runs", "-".join(str(v) for v in job.values())) if args.keep else None
    options = argparse.Namespace(data=job["data"] == "english", ablate=job["ablate"], out=out)
    start = time.monotonic()
    result = demo.judged(options, teacher, judge, demo.Run(out), lambda: False, lambda *_: None, lambda *_: None, start)
    return {**job, **result}


def table(results):
    """One line for each kind of run: means and the worst over seeds."""
    groups = {}
    for r in results:
        groups.setdefault((r["data"], r["wish"], r["ablate"] or "", r["error_rate"]), []).append(r)
    print(f"{'data':8} {'wish':9} {'ablate':12} {'wrong':>5} {'n':>3}  {'before':>6} {'after':>6} {'worst':>6} {'first':>6} {'last':>6} {'leak':>4} {'d loss':>6} {'rm':>5} {'judged':>6} {'seconds':>7}")
    for (data, wish, ablate, rate), rs in sorted(groups.items()):
        mean = lambda f: sum(map(f, rs)) / len(rs)
        accuracy = [r["reward_model_accuracy"] for r in rs if r["reward_model_accuracy"] is not None]
        print(f"{data:8} {wish:9} {ablate:12} {rate:5.2f} {len(rs):3}  {mean(lambda r: r['accepted_before']):6.2f} {mean(lambda r: r['accepted_after']):6.2f} {min(r['accepted_after'] for r in rs):6.2f}"
              f" {mean(lambda r: r['curve'][0][1]):6.2f} {mean(lambda r: r['curve'][-1][1]):6.2f} {max(r['leaked'] for r in rs):4} {max(r['loss_after'] - r['loss_before'] for r in rs):6.3f}"
              f" {sum(accuracy) / len(accuracy) if accuracy else float('nan'):5.2f} {max(r['judgements'] for r in rs):6} {mean(lambda r: r['seconds']):7.1f}")


def picture(results):
    """SVG: answers given against the share accepted of held-out wordings, one line for each share of wrong verdicts, with 95 % intervals over seeds."""
    width, height, left, bottom = 640, 360, 60, 310
    most = max(judged for r in results for judged, _ in r["curve"])
    x, y = (lambda judged: left + 480 * judged / most), (lambda share: bottom - 280 * share)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path d="M{left} {y(share)}H{left + 480}" stroke="#ddd"/><text x="{left - 8}" y="{y(share) + 4}" text-anchor="end">{100 * share:.0f} %</text>')
    for judged in range(0, most + 1, 20):
        parts.append(f'<text x="{x(judged):.0f}" y="{bottom + 18}" text-anchor="middle">{judged}</text>')
    parts.append(f'<text x="{left + 240}" y="{bottom + 40}" text-anchor="middle">answers given by the judge</text>')
    parts.append('<text x="8" y="14">accepted, of wordings never asked; bars: 95 % over seeds</text>')
    labels = []
    for color, rate in zip(("#1b7837", "#2166ac", "#b2610a", "#762a83", "#555"), sorted({r["error_rate"] for r in results})):
        runs = [[(0, r["accepted_before"]), *r["curve"]] for r in results if r["error_rate"] == rate]
        points = []
        for step in range(max(map(len, runs))):
            here = [run[min(step, len(run) - 1)] for run in runs]
            judged, share = (statistics.fmean(v) for v in zip(*here))
            half = 1.96 * statistics.stdev([s for _, s in here]) / len(here) ** 0.5 if len(here) > 1 else 0
            points.append((x(judged), y(share)))
            low, high = max(0, share - half), min(1, share + half)
            parts.append(f'<path d="M{x(judged):.1f} {y(low):.1f}V{y(high):.1f}" stroke="{color}"/><circle cx="{x(judged):.1f}" cy="{y(share):.1f}" r="3" fill="{color}"/>')
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}"/>')
        labels.append((points[-1][1] + 4, f'fill="{color}">{100 * rate:.0f} % wrong</text>'))
    at = 0.0
    for wanted, text in sorted(labels):
        at = max(wanted, at + 14)  # one below the other
        parts.append(f'<text x="{left + 488}" y="{at:.1f}" {text}')
    return "\n".join(parts) + "\n</svg>\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", default="wishes,english,ablations,controls,curve")
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument("--english", default="../shared/data/chatterbot_english", help="a folder of chatterbot-corpus files")
    p.add_argument("--out", default="benchmarks/results")
    p.add_argument("--bases", default="build/bases")
    p.add_argument("--keep", action="store_true", help="keep each run's transcript")
    p.add_argument("--processes", type=int, default=os.cpu_count())
    args = p.parse_args()
    if not os.path.isdir(args.english):
        print(f"no folder {args.english}: the rows on it are left out")
        args.rows = args.rows.replace("english", "")
    os.makedirs(args.out, exist_ok=True)
    path = os.path.join(args.out, "teaching.jsonl")
    done = [json.loads(line) for line in open(path, encoding="utf-8")] if os.path.exists(path) else []
    wanted = jobs(args.rows.split(","), args.seeds)
    left = [j for j in wanted if not any(all(d[k] == v for k, v in j.items()) for d in done)]
    with ProcessPoolExecutor(args.processes) as pool:
        for number, future in enumerate(as_completed([pool.submit(one, job, args) for job in left]), 1):
            done.append(future.result())
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(done[-1]) + "\n")
            print(f"\r{number} of {len(left)}", end="", file=sys.stderr, flush=True)
    table([d for d in done if any(all(d[k] == v for k, v in j.items()) for j in wanted)])
    curves = [d for d in done if (d["data"], d["wish"], d["ablate"]) == ("shipped", "identity", None) and d["error_rate"] < 1]
    with open(os.path.join(args.out, "teaching.svg"), "w", encoding="utf-8") as file:
        file.write(picture(curves))


if __name__ == "__main__":
    main()
