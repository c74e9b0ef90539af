"""Small tokenizers of the kinds models have."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

PROSE = (
    "The quick brown fox jumps over the lazy dog. It was not amused at all, and it said so!\n\n"
    "Ein Wolf saß im Wald und fraß Käse; später schlief er.\nDie Höhle war 123 m² groß, naja 🦊🐺.\n\n\n"
    "A very very very long text that can be chunked.\r\n\r\nEnd 42."
)


def byte_level() -> Tokenizer:
    """As GPT-2 and most that followed: every byte is a token, frequent runs are too."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([PROSE], trainer)
    return tokenizer


def prefixed() -> Tokenizer:
    """As Llama 2: a text begins with a mark, spaces are marks, what is unknown is spelled in bytes."""
    letters = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcdefghijklmnopqrstuvwxyz0123456789"]
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return tokenizer


def folding() -> Tokenizer:
    """As BERT: any long word that is unknown is one token, white space and accents are none."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "fox": 2}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s+"), "removed")
    return tokenizer
