"""What both sides of the RLOO benchmark start from."""

from common.shapes import tokens

PROMPTS, GENERATIONS, PROMPT_LENGTH, NEW = 16, 2, 16, 48  # a batch of 32 prompts in TRL's sense: each stands there twice
KL_COEF, CLIP = 0.05, 0.2
OPTIMIZER = {"learning_rate": 1e-4, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "max_grad_norm": 1.0}


def prompts(shape):
    return (1 + tokens(shape, batch=PROMPTS, length=PROMPT_LENGTH, seed=3) % (shape.vocab_size - 1)).tolist()  # 0 is TRL's padding and end


def scores(answers, vocab_size):
    """Share of an answer's tokens in the lower half of the vocabulary."""
    return [sum(t < vocab_size // 2 for t in a) / len(a) for a in answers]
