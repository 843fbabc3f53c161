"""The record of a judgement from Python: files, asking, agreement, biases, simulated people."""

import numpy as np
import pytest

import tutelage
from tutelage import env, prefs


def one_of_each():
    run = env.Trajectory([[0, 1], [1, 1]], [[2], [1]], [0.5, 1], terminated=True)
    more = {"annotator": "ann", "shown": [1, 0], "seconds": 2.5}
    return [
        prefs.Judgement("a", "p", ["x", "y ü"], strength=2, score=0.5, purpose="random", **more),
        prefs.Judgement("b", "p", [prefs.Behaviour("x", source="model 3"), "y"],
                        context=[{"role": "user", "content": "u"}, {"role": "assistant", "content": "v"}]),
        *(prefs.Judgement(kind, "p", ["x", "y"], **more) for kind in ("tie", "both_bad", "cannot_judge", "skip")),
        prefs.Judgement("ranking", "p", ["x", "y", "z"], ranking=[2, 1, 2]),
        prefs.Judgement("right", "p", "x"), prefs.Judgement("wrong", "p", ["x", "y"], answer=1),
        prefs.Judgement("correction", "p", "x", correction="w"), prefs.Judgement("comment", "p", "x", note="hm", id="7", session="s", time=1e9),
        prefs.Judgement("a", "", [run, prefs.Behaviour(reference="episodes/3", source="old")]),
    ]


def test_records_come_back_from_files(tmp_path):
    path = str(tmp_path / "all.jsonl")
    prefs.write_judgements(path, one_of_each())
    assert prefs.read_judgements(path) == one_of_each()
    assert [prefs.Judgement.parse(j.to_json_line()) for j in one_of_each()] == one_of_each()
    log = prefs.JudgementLog(str(tmp_path / "log.jsonl"))
    for j in one_of_each():
        log.append(j)
    kinds = []
    log.each(lambda j: kinds.append(j.kind))
    assert log.read() == one_of_each() and len(kinds) == len(one_of_each())
    run = one_of_each()[-1].answers[0].trajectory
    assert run.observations.shape == (2, 2) and run.actions.tolist() == [[2], [1]] and run.rewards.tolist() == [0.5, 1] and len(run) == 2


def test_rows_of_trl(tmp_path):
    path = str(tmp_path / "pairs.jsonl")
    prefs.write_judgements(path, one_of_each()[:-1], "preference")
    back = prefs.read_judgements(path)
    assert [(j.kind, j.answers[0].text, j.answers[1].text) for j in back] == [
        ("a", "x", "y ü"), ("a", "y", "x"), ("a", "y", "x"), ("a", "y", "z"), ("a", "w", "x")]
    assert back[0].strength == 2 and back[0].annotator == "ann" and back[1].context[1]["content"] == "v"
    assert len(prefs.judgement_rows(one_of_each()[3], "unpaired")) == 2


def test_training_data_weighs_who_judged():
    data = prefs.training_data(one_of_each(), reliability={"ann": 0.9}, strength="margin", correction_weight=2)
    assert data.preferences[0].margin == 1 and data.preferences[0].weight == pytest.approx(0.64) and data.preferences[-2].weight == 2
    assert data.rankings[0].tiers == [[1], [0, 2]] and data.preferences[-1].chosen_origin == (11, 0)


def test_asking():
    def judge(question):
        return prefs.Judgement("a", question.prompt, question.answers, shown=question.shown)

    sides = [prefs.ask(judge, prefs.Judgement("skip", "p", ["x", "y"]), seed=1, number=i).shown[0] for i in range(400)]
    assert 150 < sum(sides) < 250
    with pytest.raises(tutelage.ValueError):
        prefs.ask(lambda q: prefs.Judgement("a", "other", q.answers), prefs.Judgement("skip", "p", ["x", "y"]))


def test_agreement():
    labels = np.array([[1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3], [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
                       [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1]])  # Krippendorff 2011, example C
    assert prefs.krippendorff_alpha(labels) == pytest.approx(0.743, abs=5e-4)
    assert prefs.krippendorff_alpha(np.ones((2, 3), int)) == 1
    a, b = [1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert prefs.cohen_kappa(a, b) == pytest.approx(0.4) and prefs.raw_agreement([a, b]) == pytest.approx(0.7)


def test_biases_have_intervals():
    said = [prefs.Judgement("a", "p", ["longer", "x"], shown=[0, 1])] * 30 + [prefs.Judgement("b", "p", ["longer", "x"], shown=[0, 1])] * 10
    position, length = prefs.position_bias(said), prefs.length_bias(said)
    assert position == length and position.share == 0.75 and position.count == 40 and 0.59 < position.low < 0.61 and 0.85 < position.high < 0.87
    assert prefs.position_bias([]).low == 0


def test_simulated_people_fill_in_records():
    sure = prefs.SimulatedAnnotator(prefs.SimulatedAnnotatorConfig(beta=0))
    assert sure.judge(prefs.Judgement("skip", "p", ["x", "y"], shown=[1, 0]), [0, 1]).kind == "b"
    assert sure.judge(prefs.Judgement("skip", "p", "x"), [-1]).kind == "wrong"
    assert sure.judge(prefs.Judgement("skip", "p", ["x", "y", "z"]), [0, 2, 1]).ranking == [3, 1, 2]
    noisy = prefs.SimulatedAnnotator(prefs.SimulatedAnnotatorConfig(beta=1), seed=3)
    first = [noisy.judge(prefs.Judgement("skip", "p", ["x", "y", "z"]), [1, 0, 0], item=i).ranking[0] == 1 for i in range(4000)]
    assert np.mean(first) == pytest.approx(np.e / (np.e + 2), abs=0.03)  # Plackett-Luce
    blind = prefs.SimulatedAnnotator(prefs.SimulatedAnnotatorConfig(beta=0, position_bias=1))
    assert blind.judge(prefs.Judgement("skip", "p", ["x", "y"], shown=[1, 0]), [1, 0]).kind == "b"


WRONG = [
    (tutelage.ValueError, lambda: prefs.Judgement("best", "p", ["x", "y"])),
    (tutelage.ValueError, lambda: prefs.Judgement("a", "p", ["x", "y"], strength=float("nan"))),
    (tutelage.ValueError, lambda: prefs.Judgement("a", "p", ["x", 3])),
    (tutelage.ShapeError, lambda: env.Trajectory(np.zeros((2, 2, 2)), [1])),
    (tutelage.ValueError, lambda: prefs.Judgement("right", "", env.Trajectory([[np.nan]], [[1]]))),
    (tutelage.IoError, lambda: prefs.Judgement.parse("{}")),
    (tutelage.ConfigError, lambda: prefs.training_data([], strengt="margin")),
    (tutelage.ConfigError, lambda: prefs.judgement_rows(one_of_each()[0], "csv")),
    (tutelage.ValueError, lambda: prefs.raw_agreement([[0, -1], [-1, 0]])),
    (tutelage.ShapeError, lambda: prefs.cohen_kappa([0], [0, 1])),
    (tutelage.ShapeError, lambda: prefs.SimulatedAnnotator().judge(prefs.Judgement("skip", "p", ["x", "y"]), [1])),
    (tutelage.IndexError, lambda: prefs.OnlineAnnotators(2).add(0, 5, 0)),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_a_typed_error(case):
    error, f = WRONG[case]
    with pytest.raises(error) as caught:
        f()
    assert type(caught.value) is error and "expected" in str(caught.value)
