"""A transformer from scratch learns the shortest ways through a graph from random walks and a reward: supervised first, then PPO."""

import collections

import numpy as np

from tutelage import nn, optim, text, train

NODES, GOAL, WALKS, LONGEST, SEED = 21, 0, 1000, 10, 1002


def graph(rng):
    """Neighbours of each node, drawn with probability 0.1; every node has one at least, and a way to the goal."""
    while True:
        edges = rng.random((NODES, NODES)) < 0.1
        np.fill_diagonal(edges, False)
        neighbours = [np.flatnonzero(row).tolist() for row in edges]
        if all(neighbours[1:]) and len(distances(neighbours)) == NODES:
            return neighbours


def distances(neighbours):
    """Nodes on the shortest way from each node to the goal, both ends counted."""
    found, queue = {GOAL: 1}, collections.deque([GOAL])
    while queue:
        to = queue.popleft()
        for node in range(NODES):
            if node not in found and to in neighbours[node]:
                found[node] = found[to] + 1
                queue.append(node)
    return found


def walk(neighbours, rng):
    path = [int(rng.integers(1, NODES))]
    while path[-1] != GOAL and len(path) < LONGEST:
        path.append(int(rng.choice(neighbours[path[-1]])))
    return path


def optimality(neighbours, shortest, path):
    """1 for the shortest way, 0 for one that does not arrive or leaves the graph."""
    valid = all(b in neighbours[a] for a, b in zip(path, path[1:]))
    length = len(path) if valid and path[-1] == GOAL else LONGEST
    return 1 - (length - shortest[path[0]]) / (LONGEST - shortest[path[0]])


def test_optimality_of_095():
    rng = np.random.default_rng(SEED)
    neighbours = graph(rng)
    shortest = distances(neighbours)
    assert max(shortest.values()) < LONGEST
    walks = [walk(neighbours, rng) for _ in range(WALKS)]
    config = nn.TransformerConfig(vocab_size=NODES, max_positions=LONGEST, hidden_size=64, num_layers=2, num_heads=4)
    sft = train.SFTTrainer(nn.Transformer(config, seed=SEED), train.SFTConfig(epochs=10, batch_size=100, optimizer=optim.AdamWConfig(learning_rate=3e-3)))
    sft.train([text.Example(w, [0] + [1] * (len(w) - 1)) for w in walks])

    def greedy(model):
        starts = [[n] for n in range(1, NODES)]
        answers = model.generate(starts, max_new_tokens=LONGEST - 1, temperature=0, stop_ids=[GOAL])
        return np.mean([optimality(neighbours, shortest, s + a.ids) for s, a in zip(starts, answers)])

    def reward(prompts, responses):
        return [optimality(neighbours, shortest, p + r) for p, r in zip(prompts, responses)]

    before = greedy(sft.model)
    settings = train.PPOConfig(max_new_tokens=LONGEST - 1, stop_ids=[GOAL], kl_coef=0.02, num_epochs=4, mini_batch_size=80, vf_coef=0.5, entropy_coef=0.03, gae_lambda=0.95,
                               num_generations=8, optimizer=optim.AdamWConfig(learning_rate=1e-3), seed=SEED)
    trainer = train.PPOTrainer(sft.model, settings)
    stats = trainer.train([[n] for n in range(1, NODES)], reward, 200)
    after = greedy(trainer.policy)
    print(f"optimality {before:.3f} -> {after:.3f}, of samples {stats.reward:.3f}")
    assert before < 0.9
    assert after >= 0.95
