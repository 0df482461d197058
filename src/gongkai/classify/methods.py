"""A paper's data section from the `run.json` files of what was done: English and Chinese, nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gongkai.errors import SchemaError

ORDER = ("build", "sample", "train", "predict", "predict_tables")
_HIDDEN = ("readers", "about", "lexicon", "shard_size")


def methods_paragraph(folders: Sequence[str | Path]) -> str:
    """Write what was done as two paragraphs, English and Chinese.

    Args:
        folders: Folders with a `run.json` (tables, task files, a model, predictions), or such files.

    Returns:
        The paragraphs; every number and version in them is from the files. What the files do not say (an
        agreement, an estimator) is named as not said.

    Raises:
        SchemaError: A folder has no readable `run.json`.
    """
    runs = [_read(Path(folder)) for folder in folders]
    runs.sort(key=lambda r: ORDER.index(r[1]["command"]) if r[1]["command"] in ORDER else len(ORDER))
    pairs = [_SENTENCES.get(run["command"], _other)(folder, run) for folder, run in runs]
    done = {run["command"] for _, run in runs}
    if not done & {"sample"}:
        pairs.append(
            (
                "No run of a coding sample was given, so nothing is said here of coders and agreement.",
                "未提供抽样编码的运行记录，此处不涉及编码员与一致性。",
            )
        )
    versions = sorted({str(run["gongkai"]) for _, run in runs})
    english = f"We used gongkai {', '.join(versions)}. " + " ".join(e for e, _ in pairs)
    chinese = f"本文使用 gongkai {'、'.join(versions)}。" + "".join(c for _, c in pairs)
    return f"{english}\n\n{chinese}"


_KINDS = {"command": str, "gongkai": str, "settings": dict, "inputs": int, "inputs_digest": str}


def _read(folder: Path) -> tuple[Path, dict[str, Any]]:
    path = folder if folder.suffix == ".json" else folder / "run.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SchemaError(f"{path}: no run of gongkai: {error}") from error
    wrong = [
        key for key, kind in _KINDS.items() if not isinstance(run, dict) or not isinstance(run.get(key), kind)
    ]
    if wrong:
        raise SchemaError(f"{path}: no run of gongkai: lacks {', '.join(wrong)}, or has it of another type")
    return path.parent, run


def _build(folder: Path, run: dict[str, Any]) -> tuple[str, str]:
    digest, readers = str(run["inputs_digest"])[:12], ", ".join(run["settings"].get("readers", {}))
    words = run["settings"].get("words")
    cutter = f"{words} {run['libraries'].get(words, '')}".rstrip() if words else ""
    return (
        f"{run['inputs']:,} files (digest {digest}) were read into tables"
        + (f", words cut with {cutter}" if cutter else "")
        + (f"; readers: {readers}." if readers else "."),
        f"共读入 {run['inputs']:,} 个文件（摘要 {digest}）" + (f"，分词使用 {cutter}。" if cutter else "。"),
    )


def _sample(folder: Path, run: dict[str, Any]) -> tuple[str, str]:
    n, by, seed = (run["settings"].get(key) for key in ("n", "by", "seed"))
    return (
        f"{n} sentences were drawn for coding"
        + (f", stratified by {by}" if by else ", at random")
        + (f" (seed {seed})." if "seed" in run["settings"] else "."),
        f"抽取 {n} 个句子供编码"
        + (f"，按 {by} 分层" if by else "，简单随机")
        + (f"（随机种子 {seed}）。" if "seed" in run["settings"] else "。"),
    )


def _other(folder: Path, run: dict[str, Any]) -> tuple[str, str]:
    name, inputs, digest = run["command"], run["inputs"], str(run["inputs_digest"])[:12]
    kept = {k: v for k, v in run["settings"].items() if k not in _HIDDEN and v != ""}
    plain = {k: v for k, v in kept.items() if isinstance(v, str | int | float)}
    said = ", ".join(f"{k} {v}" for k, v in sorted(plain.items()))
    return (
        f"{name} ran on {inputs:,} inputs (digest {digest})" + (f" with {said}." if said else "."),
        f"{name}：输入 {inputs:,} 项（摘要 {digest}）" + (f"，参数 {said}。" if said else "。"),
    )


def _model(folder: Path, run: dict[str, Any]) -> tuple[str, str]:
    """Say what the model learned from and how well it does, with its own intervals."""
    config, metrics = (_beside(folder, name) for name in ("config.json", "metrics.json"))
    kind = run["settings"].get("model")
    english, chinese = f"The model {folder.name} ({kind})", f"模型 {folder.name}（{kind}）"
    if isinstance(config, dict) and "sentences" in config:
        book = ", ".join(map(str, config.get("codebook", [])))
        gold = str(config.get("gold_digest", ""))[:12]
        english += (
            f" was trained on {config['sentences']:,} coded sentences of {config['agencies']} agencies"
            f" (codebook {book}, gold digest {gold})"
        )
        size = f"{config['agencies']} 个机构的 {config['sentences']:,} 个已编码句子"
        chinese += f"由 {size}训练（编码手册 {book}，标注摘要 {gold}）"
    else:
        english, chinese = english + " was trained", chinese + "已训练"
    rows = [
        m for m in metrics or []
        if m.get("metric") == "f1" and m.get("group") == "all" and m.get("split", "agency") == "agency"
        and m.get("model") in (folder.name, kind)
    ]  # fmt: skip
    if rows:
        known = [m for m in rows if m.get("low") is not None]
        figures = "; ".join(
            f"{m['label']} F1 {m['value']:.3f} [{m['low']:.3f}, {m['high']:.3f}], n = {m['n']:,.0f}"
            for m in known
        )
        english += f"; on agencies that it was not trained on: {figures} (intervals over agencies)"
        chinese += f"；对未参与训练的机构：{figures}（区间按机构重抽样）"
    return english + ".", chinese + "。"


_SENTENCES = {"build": _build, "sample": _sample, "train": _model}


def _beside(folder: Path, name: str) -> Any:  # noqa: ANN401
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
