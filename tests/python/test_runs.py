"""Runs in a folder: what they keep, where they stop, and that a stop never shows in the result."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
from small_runs import SETTINGS, arguments, conversations, files, given_again, of_wish, prompts, short

import tutelage
from tutelage import io, runs

KINDS = list(SETTINGS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_from_any_step_with_any_threads_to_the_same_bytes(kind, tmp_path):
    before = tutelage.num_threads()
    try:
        tutelage.set_num_threads(1)
        total = runs.start(**arguments(kind), out=tmp_path / "whole").train()["step"]
        whole = files(tmp_path / "whole")
        assert any(row.get("evaluation") for row in whole["metrics.jsonl"]) and whole["samples.jsonl"]
        for threads in (1, 2, 4):
            tutelage.set_num_threads(threads)
            for stop in range(1, total):
                out = tmp_path / f"{threads}.{stop}"
                stopped = runs.start(**arguments(kind), out=out, callbacks=[lambda event, row: event == "step" and row["step"] == stop]).train()
                assert (stopped["step"], stopped["finished"]) == (stop, False)
                assert runs.resume(out, **given_again(kind)).train()["finished"]
                again = files(out)
                assert {k: v for k, v in again.items() if k in whole} == whole, (threads, stop)
                shutil.rmtree(out)
    finally:
        tutelage.set_num_threads(before)


def test_the_model_of_a_run_is_one_that_everything_reads(tmp_path):
    runs.start(**arguments("ppo"), out=tmp_path / "p").train()
    model = io.load_model(str(tmp_path / "p" / "model"))
    assert model.tokenizer.vocab_size == model.transformer.config.vocab_size
    runs.start(**arguments("reward"), out=tmp_path / "r").train()
    again = runs.start(**{**arguments("ppo"), "rewards": str(tmp_path / "r"), "iterations": 1}, out=tmp_path / "p2").train()
    assert again["finished"] and "eval_reward" in again
    info = runs.Folder(tmp_path / "p").info()
    assert info["kind"] == "ppo" and info["seed"] == 0 and info["config"]["learning_rate"] == 1e-3 and info["config"]["batch_size"] == 4
    assert info["tutelage"] == tutelage.__version__ and info["cpu"] and len(info["hashes"]["data"]) == 64
    assert [r["name"] for r in info["hashes"]["rewards"]] == ["short", "of_wish"]


def test_an_adapter_is_trained_kept_and_merged(tmp_path):
    settings = {**arguments("sft"), "lora": {"rank": 2, "dropout": 0.1}, "learning_rate": 1e-2}
    runs.start(**settings, out=tmp_path / "whole").train()
    runs.start(**settings, out=tmp_path / "cut", callbacks=[lambda event, row: event == "step" and row["step"] == 3]).train()
    runs.resume(tmp_path / "cut", **given_again("sft")).train()
    whole, cut = files(tmp_path / "whole"), files(tmp_path / "cut")
    assert {k: v for k, v in cut.items() if k in whole} == whole
    base = arguments("sft")["model"].transformer
    adapted = base.load_adapter(str(tmp_path / "whole" / "model" / "adapter"))
    ids = [[1, 2, 3]]
    assert (adapted.merged().logits(ids) == io.load_model(str(tmp_path / "whole" / "model")).transformer.logits(ids)).all()
    assert (adapted.logits(ids) != base.logits(ids)).any()


def test_samples_hold_every_token_and_the_sums_add_up(tmp_path):
    runs.start(**arguments("ppo"), out=tmp_path / "p").train()
    rows = runs.Folder(tmp_path / "p").lines("samples.jsonl")
    assert {row["step"] for row in rows} == {2, 4}
    for row in rows:
        n = len(row["ids"])
        assert n and all(len(row[k]) == n for k in ("logprobs", "kl", "values", "advantages"))
        assert row["reward"] == pytest.approx(row["rewards"]["short"] + 0.5 * row["rewards"]["of_wish"])
        assert row["rewards"]["short"] == short([row["answer"]])[0]
    last = [r for r in runs.Folder(tmp_path / "p").lines("metrics.jsonl") if "evaluation" in r][-1]
    assert last["eval_kl"] == pytest.approx(sum(sum(r["kl"]) for r in rows if r["step"] == 4) / 4)


def test_early_stop_and_the_best_model(tmp_path):
    values = iter([3.0, 1.0, 2.0, 4.0, 5.0, 0.0])
    settings = {**arguments("sft"), "epochs": 6, "eval_steps": 2, "early_stopping_patience": 2, "load_best_model_at_end": True, "save_total_limit": 1}
    run = runs.start(**settings, out=tmp_path / "s")
    real = run.task.evaluate
    run.task.evaluate = lambda limit: ({"eval_loss": next(values)}, real(limit)[1])  # the order of the evaluations is what is tested
    result = run.train()
    assert (result["step"], result["best"], result["best_step"], result["finished"]) == (8, 1.0, 4, True)
    assert runs.Folder(tmp_path / "s").steps() == [4, 8]
    best, _ = tutelage.train.SFTState.load(str(tmp_path / "s" / "checkpoints" / "step-000000004"))
    saved = io.load_model(str(tmp_path / "s" / "model")).transformer
    assert (best.model.logits([[1, 2]]) == saved.logits([[1, 2]])).all()


def broken(how, after=2):
    calls = []

    def reward(completions):
        calls.append(1)
        if len(calls) == after + 1:
            return how(completions)
        return short(completions)

    return reward


@pytest.mark.parametrize("how, error, says", [
    (lambda c: [1.0] * (len(c) - 1), tutelage.ShapeError, "not one number an answer: got 3, expected 4"),
    (lambda c: [float("nan")] * len(c), tutelage.ValueError, "sample 0 is not finite: got nan"),
    (lambda c: [float("inf")] * len(c), tutelage.ValueError, "not finite"),
    (lambda c: 1 / 0, tutelage.ValueError, "it failed: got ZeroDivisionError"),
    (lambda c: None, tutelage.ValueError, "it failed: got TypeError"),
    (lambda c: ["good"] * len(c), tutelage.ValueError, "it failed"),
    (lambda c: __import__("time").sleep(30), tutelage.StateError, "too slow: got no answer in 0.2 s"),
])
def test_a_reward_that_goes_wrong_is_named_and_the_run_goes_on_to_the_same_bytes(how, error, says, tmp_path):
    settings = {**arguments("ppo"), "eval_steps": 0, "reward_timeout": 0.2}
    settings["rewards"] = broken(how, after=100)
    runs.start(**settings, out=tmp_path / "whole").train()
    with pytest.raises(error, match="reward reward: ") as caught:
        runs.start(**{**settings, "rewards": broken(how)}, out=tmp_path / "cut").train()
    assert says in str(caught.value)
    assert runs.Folder(tmp_path / "cut").steps()[-1] == 2
    runs.resume(tmp_path / "cut", **{**given_again("ppo"), "rewards": broken(how, after=100)}).train()
    whole, cut = files(tmp_path / "whole"), files(tmp_path / "cut")
    assert {k: v for k, v in cut.items() if k in whole} == whole


def test_an_evaluation_that_fails_is_made_up_for(tmp_path):
    settings = {**arguments("ppo"), "rewards": broken(None, after=100)}
    runs.start(**settings, out=tmp_path / "whole").train()
    fails = broken(lambda c: 1 / 0, after=2)  # two steps, then the evaluation
    with pytest.raises(tutelage.ValueError, match="ZeroDivisionError"):
        runs.start(**{**settings, "rewards": fails}, out=tmp_path / "cut").train()
    runs.resume(tmp_path / "cut", **{**given_again("ppo"), "rewards": settings["rewards"]}).train()
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_all_equal_rewards_are_said_once(tmp_path):
    def flat(completions):
        return [0.5] * len(completions)

    with pytest.warns(UserWarning, match="constant reward") as said:
        assert runs.start(**{**arguments("ppo"), "rewards": flat, "iterations": 5}, out=tmp_path / "p").train()["finished"]
    assert len([w for w in said if "constant reward" in str(w.message)]) == 1
    assert len([r for r in runs.Folder(tmp_path / "p").lines("metrics.jsonl") if "constant reward" in r.get("warning", "")]) == 1


def test_prompts_longer_than_the_context(tmp_path):
    long = [{"prompt": "What " * 100, "wish": "sun"}, *prompts(3)]
    with pytest.raises(tutelage.ShapeError, match="data: row 0 is too long: got .* and 6 new ones, expected at most 48"):
        runs.start(**{**arguments("ppo"), "data": long}, out=tmp_path / "p")
    run = runs.start(**{**arguments("ppo"), "data": long, "long_prompts": "skip", "iterations": 1}, out=tmp_path / "p")
    assert len(run.task.prompts) == 3
    with pytest.raises(tutelage.ShapeError, match="every row is too long"):
        runs.start(**{**arguments("ppo"), "data": long[:1], "long_prompts": "skip"}, out=tmp_path / "q")


@pytest.mark.parametrize("kind, data, says", [
    ("sft", [], "no row"),
    ("sft", [{"promt": "a", "completion": "b"}], "unknown column: got promt.*Did you mean prompt"),
    ("sft", [{"question": "a", "answer": "b"}], "a column is missing: got question, answer, expected messages or prompt, completion"),
    ("sft", [{"prompt": "a", "completion": "b"}, {"prompt": "a", "completion": None}], "row 1 has no completion"),
    ("sft", [{"prompt": "a", "completion": " "}], "data: row 0 has an empty answer"),
    ("sft", [{"messages": [{"rol": "user"}]}], "data: row 0: no messages"),
    ("sft", 3, "no list of rows"),
    ("reward", [{"prompt": "a", "chosen": "x", "rejectd": "y"}], "Did you mean rejected"),
    ("reward", [{"prompt": "a", "chosen": "x", "rejected": "x"}], "both answers are the same"),
    ("reward", [{"prompt": "a", "chosen": "x", "rejected": ""}], "an empty answer"),
    ("reward", [{"chosen": "x", "rejected": "y"}], "no prompt"),
    ("reward", [{"prompt": "a", "chosen": "x", "rejected": "y", "weight": "much"}], "weight is no number"),
    ("ppo", [{"prompt": ""}], "empty prompt"),
])
def test_data_that_cannot_be_used_is_named(kind, data, says, tmp_path):
    with pytest.raises(tutelage.ValueError, match=says):
        runs.start(**{**arguments(kind), "data": data}, out=tmp_path / "x")
    assert not os.path.exists(tmp_path / "x" / "run.json")


@pytest.mark.parametrize("settings, says", [
    ({"learning_rat": 1}, "unknown argument: got learning_rat.*Did you mean learning_rate"),
    ({"eval_step": 1}, "Did you mean eval_steps"),
    ({"lora": {"rnk": 2}}, "Did you mean rank"),
    ({"epochs": "many"}, "epochs has another type"),
    ({"epochs": 0}, "epochs is out of range"),
    ({"eval_steps": -1}, "eval_steps is out of range"),
    ({"long_prompts": "cut"}, "long_prompts is out of range"),
    ({"iterations": 3}, "unknown argument: got iterations"),
    ({"rewards": short}, "takes no reward"),
])
def test_settings_that_are_unknown_or_out_of_range(settings, says, tmp_path):
    with pytest.raises(tutelage.ConfigError, match=says):
        runs.start(**{**arguments("sft"), **settings}, out=tmp_path / "x")


def test_a_folder_holds_one_run_and_one_process(tmp_path):
    run = runs.start(**arguments("sft"), out=tmp_path / "s")
    run.folder.lock()
    with pytest.raises(tutelage.StateError, match="another process trains in this folder"):
        runs.start(**arguments("sft"), out=tmp_path / "s").train()
    run.folder.unlock()
    run.train()
    with pytest.raises(tutelage.StateError, match="holds a run"):
        runs.start(**arguments("sft"), out=tmp_path / "s")
    with pytest.raises(tutelage.StateError, match="data is another"):
        runs.resume(tmp_path / "s", **{**given_again("sft"), "data": conversations(9)})
    with pytest.raises(tutelage.StateError, match="data was no path"):
        runs.resume(tmp_path / "s", model=arguments("sft")["model"])
    with pytest.raises(tutelage.IoError, match="no run here"):
        runs.resume(tmp_path / "none")


def test_a_damaged_checkpoint_is_passed_over(tmp_path):
    settings = arguments("sft")
    runs.start(**settings, out=tmp_path / "s").train()
    whole = files(tmp_path / "s")
    last = tmp_path / "s" / "checkpoints" / "step-000000006" / "state.safetensors"
    content = bytearray(last.read_bytes())
    content[-5] ^= 1
    last.write_bytes(content)
    with pytest.warns(UserWarning, match="checkpoint of step 6 is passed over"):
        runs.resume(tmp_path / "s", **given_again("sft")).train()
    assert files(tmp_path / "s") == whole


def test_the_manifest_is_what_sha256sum_says(tmp_path):
    io.save_checkpoint(str(tmp_path / "c"), {"x": tutelage.Tensor(np.array([1, 2], np.float32))}, {"note": "é"})
    manifest = json.loads((tmp_path / "c" / "manifest.json").read_text())
    state = (tmp_path / "c" / "state.safetensors").read_bytes()
    assert manifest["format"] == 1 and manifest["files"]["state.safetensors"] == {"size": len(state), "sha256": hashlib.sha256(state).hexdigest()}
    tensors, notes = io.load_checkpoint(str(tmp_path / "c"))
    assert tensors["x"].numpy().tolist() == [1.0, 2.0] and notes == {"note": "é"}


def test_data_as_people_have_it(tmp_path):
    rows = [{"prompt": "a", "completion": "b, c"}, {"prompt": "d", "completion": "e\nf"}]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(r) + "\n\n" for r in rows))
    (tmp_path / "x.json").write_text(json.dumps(rows))
    (tmp_path / "x.csv").write_text('prompt,completion\na,"b, c"\nd,"e\nf"\n')
    (tmp_path / "x.yml").write_text("conversations:\n- - a\n  - b\n")

    class Frame:  # what pandas has
        columns = ["prompt", "completion"]

        def to_dict(self, how):
            return rows if how == "records" else None

    class Dataset:  # what datasets has
        def __iter__(self):
            return iter(rows)

    for data in (rows, tuple(rows), str(tmp_path / "x.jsonl"), tmp_path / "x.json", str(tmp_path / "x.csv"), Frame(), Dataset()):
        assert runs.read_rows(data) == rows
    assert runs.read_rows(str(tmp_path / "x.yml"))[0]["messages"][1] == {"role": "assistant", "content": "b"}
    for name, content in (("bad.jsonl", b'{"a": 1}\n{'), ("bad2.jsonl", b"3\n"), ("bad3.jsonl", b"\xff\n"), ("bad.json", b"[1"), ("bad.csv", b'a,b\n"1'), ("bad2.csv", b"a,b\n1,2\n1,2,3\n")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(tutelage.IoError, match=name):
            runs.read_rows(str(tmp_path / name))
    with pytest.raises(tutelage.IoError, match="none.jsonl"):
        runs.read_rows(str(tmp_path / "none.jsonl"))
    with pytest.raises(tutelage.ValueError, match="one split"):
        runs.read_rows({"train": rows})


def test_conversations_that_begin_alike_have_a_prompt():
    from tutelage.runs.rows import turns

    begin = [{"role": "user", "content": "a"}]
    row = {"chosen": [*begin, {"role": "assistant", "content": "b"}], "rejected": [*begin, {"role": "assistant", "content": "c"}]}
    assert turns(row, "rejected", "") == (begin, [{"role": "assistant", "content": "c"}])


def test_reward_functions_see_the_columns_that_they_name(tmp_path):
    seen = {}

    def everything(prompts, completions, prompt_ids, completion_ids, **columns):
        seen.update(prompts=prompts, columns=columns, ids=[len(p) for p in prompt_ids], answers=len(completion_ids))
        return [0.1 * i for i in range(len(completions))]

    runs.start(**{**arguments("ppo"), "rewards": everything, "iterations": 1, "eval_data": None}, out=tmp_path / "p").train()
    assert seen["prompts"][0] == "What is the sun?" and seen["columns"]["wish"][0] == "moon" and seen["answers"] == 6
    with pytest.raises(tutelage.ValueError, match="reward f: it wants a column that is not there: got wihs.*Did you mean wish"):
        run = runs.start(**{**arguments("ppo"), "rewards": [runs_part(lambda wihs: None)], "iterations": 1}, out=tmp_path / "q")
        run.train()


def runs_part(function):
    from tutelage.runs.rewards import FunctionPart

    return FunctionPart(function, name="f")


def test_early_stopping_reads_the_other_reward(tmp_path):
    result = runs.start(**{**arguments("ppo"), "eval_rewards": of_wish}, out=tmp_path / "p").train()
    rows = runs.Folder(tmp_path / "p").lines("samples.jsonl")
    assert all(set(row["rewards"]) == {"of_wish"} for row in rows)
    assert result["best"] == max(r["eval_reward"] for r in runs.Folder(tmp_path / "p").lines("metrics.jsonl") if "evaluation" in r)
