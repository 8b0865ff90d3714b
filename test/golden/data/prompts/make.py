"""Prompts with weights through the tiny models' text encoders, computed apart from the project.

compel: by the library itself (compel 2.5.1, CompelForSDXL's arguments). a1111 and comfy: by the formulas of
modules/sd_emphasis.py and comfy/sd1_clip.py, over chunks that are written out by hand.
Run with torch 2.13, transformers 5.23, compel 2.5.1: python make.py <folder of the models>
"""
import json, sys, torch
from compel import Compel, ReturnedEmbeddingsType
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

folder = sys.argv[1]
MODELS = {
    "tiny-refiner": [("text_encoder_2", "tokenizer_2", CLIPTextModelWithProjection)],
    "tiny-base": [("text_encoder", "tokenizer", CLIPTextModel), ("text_encoder_2", "tokenizer_2", CLIPTextModelWithProjection)],
}

def opened(model):
    variant = {"variant": "fp16"} if model == "tiny-refiner" else {}
    return [
        (kind.from_pretrained(f"{folder}/{model}/{encoder}", dtype=torch.float32, **variant).eval(),
         CLIPTokenizer.from_pretrained(f"{folder}/{model}/{tokenizer}"))
        for encoder, tokenizer, kind in MODELS[model]
    ]

def chunk(tokenizer, pieces):
    """Begin, pieces of (text, weight), end, padding: ids and weights."""
    ids, weights = [tokenizer.bos_token_id], [1.0]
    for text, weight in pieces:
        own = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids += own
        weights += [weight] * len(own)
    ids.append(tokenizer.eos_token_id)
    weights += [1.0] * (77 - len(weights))
    return ids + [tokenizer.pad_token_id] * (77 - len(ids)), weights

@torch.no_grad()
def encode(encoder, ids):
    out = encoder(torch.tensor([ids]), output_hidden_states=True)
    return out.hidden_states[-2], getattr(out, "text_embeds", None)

def a1111(encoder, tokenizer, texts):
    """Texts of one schedule, each a list of chunks; all as long."""
    done = []
    for chunks in zip(*texts):
        laid = [chunk(tokenizer, pieces) for pieces in chunks]
        z = torch.cat([encode(encoder, ids)[0] for ids, _ in laid])
        before = z.mean()
        z = z * torch.tensor([weights for _, weights in laid]).reshape(len(laid), 77, 1)
        done.append(z * (before / z.mean()))
    return torch.cat(done, dim=1), encode(encoder, chunk(tokenizer, texts[0][0])[0])[1]

def comfy(encoder, tokenizer, texts):
    empty = encode(encoder, chunk(tokenizer, [])[0])[0]
    done = []
    for pieces in texts[0]:
        ids, weights = chunk(tokenizer, pieces)
        z = encode(encoder, ids)[0]
        weights = torch.tensor(weights).reshape(1, 77, 1)
        done.append(torch.where(weights == 1, z, (z - empty) * weights + empty))
    return torch.cat(done, dim=1), encode(encoder, chunk(tokenizer, texts[0][0])[0])[1]

def compel(encoder, tokenizer, prompt):
    has_pooled = hasattr(encoder, "text_projection")
    given = Compel(tokenizer=tokenizer, text_encoder=encoder, truncate_long_prompts=False, requires_pooled=has_pooled,
                   returned_embeddings_type=ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED)
    with torch.no_grad():
        return given(prompt) if has_pooled else (given(prompt), None)

LONG = "red fox. " * 9 + "one very long sentence about a grey cat that sleeps, " * 3
CASES = [
    ("tiny-refiner", "a1111", "a (red:1.4) fox [snow] ((oak))",
     [[[("a ", 1), ("red", 1.4), (" fox ", 1), ("snow", 1 / 1.1), (" ", 1), ("oak", 1.1 * 1.1)]]]),
    ("tiny-base", "a1111", "a cat BREAK (a dog:0.5)", [[[("a cat", 1)], [("a dog", 0.5)]]]),
    ("tiny-refiner", "a1111", "a [(red:2)|grey] cat", [[[("a ", 1), ("red", 2), (" cat", 1)]], [[("a grey cat", 1)]]]),
    ("tiny-base", "comfy", "a (red:1.4) fox (snow)", [[[("a ", 1), ("red", 1.4), (" fox ", 1), ("snow", 1.1)]]]),
    ("tiny-refiner", "compel", "a (red fox)++ in snow--, (blurry)0.4 oak", None),
    ("tiny-base", "compel", '("a red fox", "a grey (cat)1.3").blend(0.7, 0.6)', None),
    ("tiny-refiner", "compel", '("a red fox", "a grey cat").and()', None),
    ("tiny-refiner", "compel", LONG, None),
]

def inverted(encoder, tokenizer, prompt, vectors):
    """Words before and behind an embedding's vectors, which stand where the token embedding's rows would."""
    before, after = prompt
    ids, _ = chunk(tokenizer, [(before, 1), ("a " * len(vectors), 1), (after, 1)])
    place = 1 + len(tokenizer(before, add_special_tokens=False)["input_ids"])
    def replace(module, args, output):
        output[0, place : place + len(vectors)] = vectors
        return output
    hook = encoder.get_input_embeddings().register_forward_hook(replace)
    done = encode(encoder, ids)
    hook.remove()
    return done

generator = torch.Generator().manual_seed(5)
EMBEDDING = {"clip_l": torch.randn(2, 32, generator=generator), "clip_g": torch.randn(2, 64, generator=generator)}
save_file(EMBEDDING, "embedding.safetensors")

index, tensors = [], {}
for number, (model, syntax, prompt, texts) in enumerate(CASES):
    parts = []
    for encoder, tokenizer in opened(model):
        parts.append(compel(encoder, tokenizer, prompt) if syntax == "compel"
                     else {"a1111": a1111, "comfy": comfy}[syntax](encoder, tokenizer, texts))
    tensors[f"{number}.hidden"] = torch.cat([hidden for hidden, _ in parts], dim=-1).contiguous()
    tensors[f"{number}.pooled"] = parts[-1][1].contiguous()
    index.append({"model": model, "syntax": syntax, "prompt": prompt})
    print(number, syntax, list(tensors[f"{number}.hidden"].shape))
number = len(CASES)
for model in MODELS:
    parts = [inverted(encoder, tokenizer, ("a ", " fox"), EMBEDDING["clip_g" if name.endswith("2") else "clip_l"])
             for (encoder, tokenizer), (name, _, _) in zip(opened(model), MODELS[model])]
    tensors[f"{number}.hidden"] = torch.cat([hidden for hidden, _ in parts], dim=-1).contiguous()
    tensors[f"{number}.pooled"] = parts[-1][1].contiguous()
    index.append({"model": model, "syntax": "plain", "prompt": "a cat-toy fox", "embedding": "cat-toy"})
    number += 1
save_file(tensors, "prompts.safetensors")
json.dump(index, open("index.json", "w"), indent=1)
