"""A codebook for people: as a coder reads it, and a template to begin with."""

from __future__ import annotations

from pathlib import Path

from gongkai.errors import SchemaError
from gongkai.store.run import whole_file
from gongkai.tables.scheme.codebook import Codebook, Label
from gongkai.tables.scheme.codebooks import parse_codebook

_WORDS = {
    "en": {
        "version": "Version", "unit": "Unit", "codes": "Codes", "yes": "1 = yes, 0 = no",
        "only": "Only where", "in": "Only in", "rules": "Rules", "examples": "Examples", "skip": "Not coded",
        "derived": "Derived", "among": "among", "all": "all sentences", "is": "is",
    },
    "zh": {
        "version": "版本", "unit": "单位", "codes": "取值", "yes": "1 = 是，0 = 否",
        "only": "仅当", "in": "仅限部分", "rules": "规则", "examples": "示例", "skip": "不编码",
        "derived": "派生指标", "among": "占", "all": "全部句子", "is": "为",
    },
}  # fmt: skip


def shown(codebook: Codebook, language: str = "en") -> str:
    """Return a codebook as a coder reads it, in Markdown.

    Args:
        codebook: The scheme.
        language: `en` or `zh`; a text that is given in one language only is shown in it.

    Raises:
        SchemaError: Another language.
    """
    if language not in _WORDS:
        raise SchemaError(f"language {language}: expected en or zh")
    words = _WORDS[language]
    lines = [
        f"# {codebook.title.said(language) or codebook.name}",
        f"{codebook.name} · {words['version']} {codebook.version} · {words['unit']}: {codebook.unit}",
    ]
    if codebook.uncounted_sections:
        lines.append(f"{words['skip']}: {', '.join(codebook.uncounted_sections)}")
    for label in codebook.labels:
        lines += _label_lines(label, language)
    for quantity in codebook.derived:
        among = " + ".join(quantity.bottom) or words["all"]
        title = quantity.title.said(language)
        lines.append(f"{words['derived']}: {title} = {quantity.label} ({words['among']} {among})")
    return "\n\n".join(lines) + "\n"


def _label_lines(label: Label, language: str) -> list[str]:
    words = _WORDS[language]
    lines = [f"## {label.title.said(language) or label.name} (`{label.name}`)"]
    if text := label.definition.said(language):
        lines.append(text)
    if label.is_choice:
        about = [(c.name, c.title.said(language), c.definition.said(language)) for c in label.classes]
        items = [f"- `{n}`{f' ({t})' if t else ''}{f': {d}' if d else ''}" for n, t, d in about]
        lines.append(f"{words['codes']}:\n\n" + "\n".join(items))
    else:
        lines.append(f"{words['codes']}: {words['yes']}")
    if label.only_if:
        lines.append(f"{words['only']}: `{label.only_if}`")
    if label.sections:
        lines.append(f"{words['in']}: {', '.join(label.sections)}")
    if label.rules:
        numbered = [f"{k}. {rule.said(language)}" for k, rule in enumerate(label.rules, start=1)]
        lines.append(f"{words['rules']}:\n\n" + "\n".join(numbered))
    if label.examples:
        items = [f"- {e.text} → {e.value}{f' ({e.why})' if e.why else ''}" for e in label.examples]
        lines.append(f"{words['examples']}:\n\n" + "\n".join(items))
    return lines


def template() -> str:
    """Return a codebook with comments, to change."""
    return (Path(__file__).parent / "template.toml").read_text(encoding="utf-8")


def new_codebook(path: str | Path, name: str | None = None, *, overwrite: bool = False) -> Codebook:
    """Write the template.

    Args:
        path: .toml file to write.
        name: Of the scheme; the file's unless given.
        overwrite: Replace an earlier file.

    Raises:
        GongkaiError: The file exists.
    """
    target = Path(path)
    text = template().replace('"my-scheme"', f'"{(name or target.stem).replace(chr(34), "")}"', 1)
    made = parse_codebook(text, str(target))
    with whole_file(target, overwrite=overwrite) as hidden:
        hidden.write_text(text, encoding="utf-8")
    return made
