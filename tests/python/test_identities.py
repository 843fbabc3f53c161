"""What a run began with is told from what it is given later: reward functions by their code, reward models by their weights."""

import functools
import os
import subprocess
import sys
import warnings

import pytest
from small_runs import arguments, chat_model, given_again, prompts, short

import tutelage
from tutelage import reward, runs
from tutelage.runs.rewards import UNKNOWN, identity_of, part
from tutelage.runs.start import load_reward_model


def longer(completions):
    return [1.0 * len(c) for c in completions]


def much_shorter(completions):
    return [-9.0 * len(c) for c in completions]


def test_functions_are_told_apart_by_their_constants():
    assert identity_of(longer) != identity_of(much_shorter)
    first, second = (lambda completions: [len(c) in {1, 2} for c in completions]), (lambda completions: [len(c) in {1, 3} for c in completions])
    assert identity_of(first) != identity_of(second)
    assert identity_of(lambda c: [(lambda x: x + 1)(t) for t in c]) != identity_of(lambda c: [(lambda x: x + 2)(t) for t in c])
    assert identity_of(lambda c: 1) == identity_of(lambda c: 1)
    assert identity_of(functools.partial(longer)) == UNKNOWN == part(functools.partial(longer)).identity


def test_a_function_is_the_same_in_every_process():
    code = 'from tutelage.runs.rewards import identity_of; print(identity_of(lambda c: [t in {"a", "b", "c", "d"} for t in c]))'
    found = {subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout for seed in "1234"}
    assert len(found) == 1


def stopped(out, rewards):
    runs.start(**{**arguments("ppo"), "rewards": rewards}, out=out, callbacks=[lambda event, row: event == "step" and row["step"] == 1]).train()
    return {**given_again("ppo"), "rewards": None}


def test_a_run_refuses_another_function_and_says_what_it_cannot_know(tmp_path):
    again = stopped(tmp_path / "a", longer)
    with pytest.raises(tutelage.StateError, match="rewards is another"):
        runs.resume(tmp_path / "a", **{**again, "rewards": named(much_shorter, "longer")})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs.resume(tmp_path / "a", **{**again, "rewards": longer})
    again = stopped(tmp_path / "b", functools.partial(short))
    with pytest.warns(UserWarning, match="nobody can tell whether reward partial is what the run began with"):
        runs.resume(tmp_path / "b", **{**again, "rewards": functools.partial(longer)})


def named(function, name):
    function.__name__ = name
    return function


def test_a_judge_is_claimed_to_have_trained_only_where_that_is_known(tmp_path):
    model = chat_model()
    tutelage.io.save_model(str(tmp_path / "m"), model)
    runs.start(**{**arguments("ppo"), "rewards": functools.partial(short), "iterations": 1}, out=tmp_path / "p").train()
    found = runs.compare(tmp_path / "m", tmp_path / "p", prompts(), functools.partial(longer), start=str(tmp_path / "m"), max_new_tokens=2)
    assert found["prompts"] == 6
    runs.start(**{**arguments("ppo"), "rewards": short, "iterations": 1}, out=tmp_path / "q").train()
    with pytest.raises(tutelage.ConfigError, match="the judge trained B"):
        runs.compare(tmp_path / "m", tmp_path / "q", prompts(), short, start=str(tmp_path / "m"), max_new_tokens=2)


def test_reward_models_are_told_apart_by_all_that_scores_depend_on(tmp_path):
    trunk = chat_model().transformer
    model = reward.RewardModel(trunk, seed=1)
    same, other_head, other_trunk, other_gain = (reward.RewardModel(t, seed=s) for t, s in ((trunk, 1), (trunk, 2), (chat_model(2).transformer, 1), (trunk, 1)))
    other_gain.gain = 2.0
    found = [part(m).identity for m in (model, same, other_head, other_trunk, other_gain)]
    assert found[0] == found[1] and len(set(found)) == 4
    again = stopped(tmp_path / "p", model)
    with pytest.raises(tutelage.StateError, match="rewards is another"):
        runs.resume(tmp_path / "p", **{**again, "rewards": other_head})
    runs.resume(tmp_path / "p", **{**again, "rewards": same})


def test_a_reward_model_in_memory_and_its_folder_are_one(tmp_path):
    runs.start(**arguments("reward"), out=tmp_path / "r").train()
    assert part(load_reward_model(tmp_path / "r")[0]).identity == part(str(tmp_path / "r")).identity
