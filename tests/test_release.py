"""Before a release: the places that name the version agree."""

from release import disagreements, versions

FOUND = {"pyproject.toml": "0.3.0", "CITATION.cff": "0.3.0", "CHANGELOG.md": "0.3.0 — 2026-12-01"}


def test_versions_of_this_checkout_agree():
    assert disagreements(versions(), None) == []


def test_each_disagreement_is_named():
    assert disagreements(FOUND, "v0.3.0") == []
    assert "the tag is v0.2.0" in disagreements(FOUND, "v0.2.0")[0]
    assert "CITATION.cff says 0.2.0" in disagreements({**FOUND, "CITATION.cff": "0.2.0"}, None)[0]
    unreleased = {**FOUND, "CHANGELOG.md": "0.3.0 — unreleased"}
    assert disagreements(unreleased, None) == []
    assert "still says unreleased" in disagreements(unreleased, "v0.3.0")[0]
