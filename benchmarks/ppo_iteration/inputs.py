"""What both sides of the PPO benchmark start from."""

from common.shapes import tokens

PROMPTS, PROMPT_LENGTH, NEW, EPOCHS = 16, 16, 32, 4
KL_COEF, GAE_LAMBDA, CLIP, VF_COEF = 0.05, 0.95, 0.2, 0.1
OPTIMIZER = {"learning_rate": 1e-4, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "max_grad_norm": 1.0}


def prompts(shape):
    return tokens(shape, batch=PROMPTS, length=PROMPT_LENGTH, seed=3).tolist()


def scores(answers, vocab_size):
    """Share of an answer's tokens in the lower half of the vocabulary."""
    return [sum(t < vocab_size // 2 for t in a) / len(a) for a in answers]
