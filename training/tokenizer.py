"""A CLIP tokenizer trimmed to the words of the picture names.

Keeps all 512 single-byte entries of CLIP's vocabulary, so any text can be encoded, and
those merges that the training prompts use, in CLIP's order. `<|endoftext|>` has the highest
id, by which transformers finds the pooled position when eos_token_id is 2.
"""

import json
from pathlib import Path

from transformers import CLIPTokenizer

LENGTH = 77


def byte_letters():
    """CLIP's order of the 256 bytes, each as a printable letter (openai/CLIP, MIT)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(rest))]


def merges_for(words, merges):
    """The merges that CLIP applies to any of the words, in CLIP's order."""
    rank = {merge: i for i, merge in enumerate(merges)}
    used = set()
    for word in words:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            best = min(zip(parts, parts[1:]), key=lambda pair: rank.get(pair, len(rank)))
            if best not in rank:
                break
            used.add(best)
            joined, i = [], 0
            while i < len(parts):
                if tuple(parts[i : i + 2]) == best:
                    joined.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    joined.append(parts[i])
                    i += 1
            parts = joined
    return sorted(used, key=rank.get)


def write_tokenizer(folder, clip_merges, prompts, pad):
    """Writes the tokenizer's four files. pad: the padding token ("!" or "<|endoftext|>")."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = Path(clip_merges).read_text(encoding="utf-8").splitlines()
    merges = [tuple(line.split()) for line in lines if line and not line.startswith("#version")]
    # CLIP splits digits one by one; its words here are plain ASCII.
    words = {w for prompt in prompts for w in prompt.replace(",", " ").split()}
    kept = merges_for(sorted(words), merges)
    letters = byte_letters()
    entries = [*letters, *(x + "</w>" for x in letters), *(a + b for a, b in kept), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {entry: i for i, entry in enumerate(entries)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in kept), encoding="utf-8")
    special = lambda content: {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    start, end = special("<|startoftext|>"), special("<|endoftext|>")
    (folder / "special_tokens_map.json").write_text(
        json.dumps({"bos_token": start, "eos_token": end, "pad_token": pad if pad == "!" else end, "unk_token": end}, indent=2)
    )
    config = {"add_prefix_space": False, "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": pad}
    config |= {"unk_token": "<|endoftext|>", "do_lower_case": True, "errors": "replace", "model_max_length": LENGTH}
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "CLIPTokenizer"}, indent=2))
    return CLIPTokenizer.from_pretrained(folder)


def encode(tokenizer, prompts):
    return tokenizer(prompts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt").input_ids
