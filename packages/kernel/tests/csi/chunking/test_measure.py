from __future__ import annotations

import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from doubles.tokenizer import PROSE, byte_level, folding, prefixed
from pharia_kernel.csi.chunking.measure import Characters, Tokens


def test_tokens_are_counted_without_those_a_tokenizer_adds() -> None:
    tokenizer = byte_level()
    expected = len(tokenizer.encode(PROSE, add_special_tokens=False))
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=500)
    assert Tokens(tokenizer).size(PROSE) == expected


def test_characters_are_unicode_scalar_values() -> None:
    assert Characters().size("für 🦊") == 5


@pytest.mark.parametrize("tokenizer", [byte_level(), prefixed()], ids=["byte-level", "prefixed"])
def test_no_token_covers_more_than_the_longest(tokenizer: Tokenizer) -> None:
    tokens = Tokens(tokenizer)
    longest = tokens.longest(PROSE)
    assert longest is not None
    for text in (PROSE, " " * 500, "the " * 100, "\x00\x01" * 50, "🦊" * 50):
        assert tokens.size(text) * longest >= len(text)


def test_a_tokenizer_that_folds_has_no_longest_token() -> None:
    assert Tokens(folding()).longest("text") is None


def test_a_tokenizer_that_swallows_space_has_no_longest_token() -> None:
    tokenizer = byte_level()
    tokenizer.add_tokens([AddedToken("<mask>", lstrip=True)])
    assert Tokens(tokenizer).longest("text") is None


def test_a_text_with_bytes_that_are_not_in_the_vocabulary_has_no_longest_token() -> None:
    alphabet = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - {"a"})
    tokenizer = Tokenizer(models.BPE({letter: at for at, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens = Tokens(tokenizer)
    assert tokens.longest("bbb") == 1
    assert tokens.longest("bab") is None
    assert tokens.size("bab") == 2


def test_letters_that_are_not_in_the_vocabulary_leave_no_longest_token() -> None:
    assert Tokens(Tokenizer(models.BPE({"a": 0}, []))).longest("a") is None
