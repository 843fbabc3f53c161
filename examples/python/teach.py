"""Teaches a small chatbot to say what it is: it answers, your own function judges, it learns, and answers again.

Run it with `python examples/python/teach.py`; it needs nothing but tutelage and takes a minute or two on two cores.
"""

from importlib import resources

from tutelage import io, optim, prefs, train

QUESTIONS = ["Who are you?", "What are you?", "Are you a robot?", "Are you human?", "Tell me who you are.", "What is your name?", "Introduce yourself."]
NEW = ["Who exactly are you, my friend?", "Would you introduce yourself, please?", "Tell me, what are you?"]  # never judged


def judge(question, answer):
    """Your own rule, or a person: is this answer all right?"""
    return "a chatbot" in answer.lower()


def reward_for(tokenizer):
    """Your own reward: one call a batch of token ids, one number an answer."""

    def reward(prompts, responses):
        answers = [tokenizer.decode(ids) for ids in responses]
        return [1.0 * ("a chatbot" in answer.lower()) - 0.05 * len(answer.split()) for answer in answers]

    return reward


def accepted(teacher, questions):
    return sum(judge(q, a) for q, a in zip(questions, teacher.sample(questions, 99)))


def teach(teacher, rounds=2, most=20):
    """Sample, ask where the reward models disagree most, learn; again."""
    for number in range(rounds):
        judged = 0
        for question, answer, _ in teacher.to_ask(QUESTIONS, samples=4, most=most):
            if number == judged == 0:  # once, the better answer in words
                teacher.judge(prefs.Judgement("correction", question, answer, correction="I'm a chatbot."))
            else:
                teacher.judge(prefs.Judgement("right" if judge(question, answer) else "wrong", question, answer))
            judged += 1
        report = teacher.update()
        print(f"round {number + 1}: {judged} judged; {report.pairs} pairs, reward {report.ppo.reward:.2f}, KL {report.ppo.kl:.1f} nats")


def main(epochs=34):
    conversations = io.read_conversations(str(resources.files("tutelage").joinpath("data/conversations.jsonl")))
    model = train.train_chatbot(conversations, train.ChatbotConfig(seed=0, epochs=epochs))
    teacher = train.Teacher(model, train.TeachConfig(seed=0))
    print(f"{NEW[0]} -> {teacher.answer(NEW[0])}")
    before = accepted(teacher, NEW)
    teach(teacher)
    print(f"{NEW[0]} -> {teacher.answer(NEW[0])}")
    print(f"accepted of new wordings: {before} -> {accepted(teacher, NEW)} of {len(NEW)}")

    # The same wish as a reward function, straight into PPO, from the untaught model.
    tokenizer = model.tokenizer
    stop = tokenizer.special_id("<|im_end|>")
    config = train.PPOConfig(max_new_tokens=24, stop_ids=[stop], kl_coef=0.05, optimizer=optim.AdamWConfig(learning_rate=3e-4))
    prompts = [tokenizer.apply_chat_template([{"role": "user", "content": q}], add_generation_prompt=True) for q in QUESTIONS]
    trainer = train.PPOTrainer(model.transformer, config)
    stats = trainer.train(prompts * 4, reward_for(tokenizer), iterations=10)
    print(f"PPO alone: reward {stats.reward:.2f}, KL {stats.kl:.2f} nats")


if __name__ == "__main__":
    main()
