"""A reward model against rules that look at one answer: which of two samples of the policy answers the question?"""

import random
import re

import numpy as np

from tutelage import optim, text, train

TRAIN, HELD_OUT, WRONG, SAMPLES = 2400, 200, 0.1, 12


def words(answer):
    return re.findall(r"[a-z']+", answer.lower())


def sampled_pairs(chatbot):
    """(question, right answer, wrong answer): both sampled from the policy, made talkative, for that question. One list a question."""
    known = {c[0]["content"]: c[1]["content"] for c in chatbot.conversations}
    questions = list(known)
    teacher = train.Teacher(chatbot, train.TeachConfig(temperature=1.5))
    answers = {q: [] for q in questions}
    for sample in range(SAMPLES):
        for q, a in zip(questions, teacher.sample(questions, sample)):
            answers[q].append(a)
    groups = []
    for q in questions:
        wrong = sorted({a for a in answers[q] if a.strip() and a != known[q]})
        if wrong and known[q] in answers[q]:
            groups.append([(q, known[q], a) for a in wrong])
    return groups


def length_rule(train_pairs, pairs):
    sign = max((1, -1), key=lambda s: sum(s * (len(b) - len(w)) > 0 for _, b, w in train_pairs))
    return np.array([sign * (len(b) - len(w)) for _, b, w in pairs])


def counts(pairs, vocabulary):
    """Words of the better answer minus words of the other one."""
    x = np.zeros((len(pairs), len(vocabulary)))
    for i, (_, better, worse) in enumerate(pairs):
        for sign, answer in ((1, better), (-1, worse)):
            for w in words(answer):
                if w in vocabulary:
                    x[i, vocabulary[w]] += sign
    return x


def keyword_rule(x, held_out):
    right = (x > 0).sum(0) - (x < 0).sum(0)
    best = int(np.argmax(np.abs(right)))
    return np.sign(right[best]) * held_out[:, best]


def unigram_rule(x, held_out):
    """Bradley-Terry on word counts, by gradient descent with a little decay."""
    w = np.zeros(x.shape[1])
    for _ in range(500):
        w += 0.02 * (x.T @ (1 / (1 + np.exp(x @ w))) - w)
    return held_out @ w


def accuracy(differences):
    return float(np.mean(np.where(differences > 0, 1.0, np.where(differences < 0, 0.0, 0.5))))


def test_a_reward_model_learns_what_rules_on_one_answer_can_not(chatbot):
    rng = random.Random(0)
    groups = sampled_pairs(chatbot)
    rng.shuffle(groups)
    held_out = [rng.choice(g) for g in groups[:HELD_OUT]]
    pairs = [p for g in groups[HELD_OUT:] for p in g]
    rng.shuffle(pairs)
    pairs = pairs[:TRAIN]
    assert len(held_out) == HELD_OUT and len(pairs) == TRAIN
    mistakes = set(rng.sample(range(TRAIN), int(WRONG * TRAIN)))
    labelled = [(q, w, b) if i in mistakes else (q, b, w) for i, (q, b, w) in enumerate(pairs)]

    def ids(question, answer):
        turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return text.render_example(chatbot.tokenizer, turns).ids

    def to_pairs(rows):
        return [train.Pair(ids(q, b), ids(q, w)) for q, b, w in rows]

    config = train.RewardConfig(epochs=2, error_rate=WRONG, optimizer=optim.AdamWConfig(learning_rate=3e-4, beta2=0.99, weight_decay=0.01))
    ensemble = train.fit_ensemble(chatbot.transformer, to_pairs(labelled), members=3, config=config)
    ours = train.pair_accuracy(ensemble, to_pairs(held_out))

    vocabulary = {w: i for i, w in enumerate(sorted({w for _, b, r in labelled for w in words(b) + words(r)}))}
    x, x_held_out = counts(labelled, vocabulary), counts(held_out, vocabulary)
    rules = {
        "length": accuracy(length_rule(labelled, held_out)),
        "keyword": accuracy(keyword_rule(x, x_held_out)),
        "unigram": accuracy(unigram_rule(x, x_held_out)),
    }
    print(f"reward model {ours:.3f}", {name: round(value, 3) for name, value in rules.items()})
    assert ours >= 0.85
    assert ours >= max(rules.values()) + 0.1
