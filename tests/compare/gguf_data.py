"""The tokenizer of a GGUF file and of a llama2.c file, read in Python."""

import struct

from tutelage.text import TokenizerData


def tokenizer_data(path):
    from gguf import GGUFReader

    fields = GGUFReader(path).fields

    def get(key, default=None):
        field = fields.get("tokenizer." + key)
        return default if field is None else field.contents()

    return TokenizerData(kind=get("ggml.model"), pre=get("ggml.pre", "default"), tokens=get("ggml.tokens"), scores=get("ggml.scores", []),
                         types=get("ggml.token_type", []), merges=get("ggml.merges", []), bos=get("ggml.bos_token_id", -1), eos=get("ggml.eos_token_id", -1),
                         unk=get("ggml.unknown_token_id", -1), pad=get("ggml.padding_token_id", -1), add_bos=bool(get("ggml.add_bos_token", False)),
                         add_space_prefix=bool(get("ggml.add_space_prefix", True)), chat_template=get("chat_template", ""), name=str(path))


def llama2c(path, vocab_size=512):
    """tokenizer.bin: the longest piece's length, then a score, a length and the bytes of each."""
    bytes_, at, tokens, scores = path.read_bytes(), 4, [], []
    for _ in range(vocab_size):
        score, length = struct.unpack_from("<fi", bytes_, at)
        tokens.append(bytes_[at + 8:at + 8 + length].decode())
        scores.append(score)
        at += 8 + length
    assert at == len(bytes_)
    return TokenizerData(kind="llama", tokens=tokens, scores=scores, unk=0, bos=1, eos=2, add_bos=True, name=str(path))
