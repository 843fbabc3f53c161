"""Conversations from other places."""

import os

from .. import IoError, io


def read_data(path):
    """JSON lines in TRL's columns, or chatterbot-corpus YAML: a file or a folder of them."""
    if os.path.isdir(path):
        files = sorted(os.path.join(path, name) for name in os.listdir(path) if name.endswith((".yml", ".yaml")))
        if not files:
            raise IoError(f"--data: no YAML file in the folder: got {path}, expected chatterbot-corpus files.")
        return [c for file in files for c in read_yaml(file)]
    return read_yaml(path) if path.endswith((".yml", ".yaml")) else io.read_conversations(path)


def read_yaml(path):
    """chatterbot-corpus: lists of lines; a line is an answer to the one before it."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            lists = yaml.safe_load(file)["conversations"]
        return [turns(str(q), str(a)) for lines in lists for q, a in zip(lines, lines[1:])]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise IoError(f"--data: {path} is not a chatterbot-corpus file: got {error}, expected `conversations:` with lists of lines.") from error


def turns(question, answer):
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
