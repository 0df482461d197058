import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gongkai.classify.predict import as_predictions, predict
from gongkai.corpus import stream
from gongkai.corpus.inputs import carry_own, read_sentences
from gongkai.corpus.stream import predict_tables
from gongkai.errors import GongkaiError, ModelError, SchemaError
from gongkai.measure.shares.prevalence import prevalence
from gongkai.store import shards
from gongkai.tables.frames import read_frame
from gongkai.tables.parts import read_table, write_part
from gongkai.tables.predicted import summed_up
from gongkai.tables.scheme.codebooks import read_codebook
from tests.conftest import check_table
from tests.corpus.test_build import contents


@pytest.fixture(scope="module")
def parts(sentences, tmp_path_factory):
    """A tables folder of six parts of sentences, one of them empty."""
    folder = tmp_path_factory.mktemp("many") / "tables"
    for number, start in enumerate((0, 5, 9, 9, 14, 20)):
        stop = (5, 9, 9, 14, 20, len(sentences))[number]
        write_part("sentences", sentences.iloc[start:stop], folder, number)
    return folder


def test_a_folder_of_parts_equals_the_prediction_in_memory(parts, sentences, model, predictions, tmp_path):
    counts = predict_tables(parts, tmp_path / "p", model=model)
    found = read_table(tmp_path / "p", "predictions")
    check_table("predictions", found)
    scores = ["score"]
    pd.testing.assert_frame_equal(found.drop(columns=scores), predictions.drop(columns=scores))
    np.testing.assert_allclose(found["score"], predictions["score"], rtol=1e-9)
    assert counts["sentences"] == len(sentences)
    counted = found[(found["label"] == "commitment") & (found["section"] != "preamble")]
    assert counts["commitment"] == counted["predicted"].sum()
    assert counts["counted sentences"] == counts["of commitment"] == len(counted) < len(sentences)
    pd.testing.assert_frame_equal(read_frame(tmp_path / "p", ["score"]), found)


def test_labels_are_counted_where_the_codebook_says_they_are_coded(sentences):
    scheme = read_codebook("admitted")
    scores = np.random.default_rng(1).random((len(sentences), len(scheme.indicators)))
    rows = as_predictions(
        scores, sentences, name="any", thresholds=dict.fromkeys(scheme.indicators, 0.5), codebook=scheme
    )
    counts = summed_up(rows, scheme.indicators, scheme)
    five = sentences["section"].isin(["problems", "improvements"])
    assert counts["counted sentences"] == five.sum() < len(sentences)
    measures = prevalence(rows.to_pandas(), by=(), codebook=scheme).set_index("label")
    for name in scheme.indicators:
        assert counts[f"of {name}"] == measures.loc[name, "n"]
        assert counts[name] / counts[f"of {name}"] == pytest.approx(measures.loc[name, "value"])
    assert counts["of checkable_by=date"] == counts["commitment"] < five.sum()
    unknown = summed_up(rows.to_pandas().assign(section=None), scheme.indicators, scheme)
    assert unknown["of topic=staff"] == len(sentences)


def test_same_parts_whatever_runs_them(parts, model, tmp_path):
    predict_tables(parts, tmp_path / "one", model=model)
    predict_tables(parts, tmp_path / "two", model=model, jobs=2)
    predict_tables(parts, tmp_path / "threads", model=model, executor=ThreadPoolExecutor(3))
    for i in (2, 1, 3):
        predict_tables(parts, tmp_path / "shares", model=model, share=(i, 3))
    predict_tables(parts, tmp_path / "shares", model=model, resume=True)
    whole = contents(tmp_path / "one")
    assert len(whole) == 7
    for name in ("two", "threads", "shares"):
        assert contents(tmp_path / name) == whole


def test_a_plain_file_is_streamed_by_row_groups_and_windows(model, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "WINDOW", 3)
    texts = [f"将加强第{i}项培训。" for i in range(16)] + [None]
    plain = tmp_path / "plain.parquet"
    pq.write_table(pa.table({"text": texts, "year": ["2021"] * 17}), plain, row_group_size=8)
    predict_tables(plain, tmp_path / "p", model=model)
    found = read_table(tmp_path / "p", "predictions")
    memory = predict(pd.DataFrame({"text": [t or "" for t in texts]}), model=model)
    np.testing.assert_allclose(found["score"], memory["score"], rtol=1e-9)
    assert found["sentence_id"].str.startswith("plain-").all()
    assert found["sentence_id"].nunique() == 17
    assert len(list((tmp_path / "p" / "predictions").iterdir())) == 3


def test_changed_inputs_or_another_model_are_noticed(parts, model, tmp_path, monkeypatch):
    folder = tmp_path / "tables"
    shutil.copytree(parts, folder)
    predict_tables(folder, tmp_path / "p", model=model, share=(1, 2))
    with pytest.raises(GongkaiError, match="inputs or settings changed"):
        predict_tables(folder, tmp_path / "p", resume=True)
    write_part("sentences", read_table(folder, "sentences").head(2), folder, 3)
    with pytest.raises(GongkaiError, match="inputs or settings changed"):
        predict_tables(folder, tmp_path / "p", model=model, resume=True)
    with pytest.raises(ModelError, match="not the same model"):
        stream._loaded(str(model), "0" * 64)


def test_what_cannot_be_streamed_is_refused(tables, tmp_path):
    (tmp_path / "a.csv").write_text("text\nx\n")
    with pytest.raises(SchemaError, match="neither a tables folder nor"):
        predict_tables(tmp_path / "a.csv", tmp_path / "p")
    pq.write_table(pa.table({"satz": ["x"]}), tmp_path / "b.parquet")
    with pytest.raises(SchemaError, match="lacks the column text"):
        predict_tables(tmp_path / "b.parquet", tmp_path / "p")


def test_options_of_a_transformer_are_refused_before_a_folder_is_made(parts, model, tmp_path):
    for option in ({"device": "cpu"}, {"batch_size": 8}):
        with pytest.raises(ModelError, match="takes neither device nor batch size"):
            predict_tables(parts, tmp_path / "p", model=model, **option)
    assert not (tmp_path / "p").exists()


def test_another_device_is_no_resumption(parts, model, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "kind_of", lambda *_, **__: "transformer")
    predict_tables(parts, tmp_path / "p", model=model, share=(1, 2))
    with pytest.raises(GongkaiError, match="inputs or settings changed"):
        predict_tables(parts, tmp_path / "p", model=model, device="cpu", resume=True)


def test_an_input_that_kills_is_named(parts, tmp_path):
    pieces = list(stream._row_groups(f"{parts}/sentences/part-00000.parquet"))
    with pytest.raises(GongkaiError, match=r"part-00000\.parquet.*killed again"):
        shards._rescue(lambda *_: False, stream.predict_shard, pieces, 0, str(tmp_path), None)


def test_columns_order_and_ids_of_ones_own_file_are_kept(model, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "WINDOW", 3)
    mine = pd.DataFrame(
        {
            "id": [9, 7, 8, 1, 2],
            "who": ["li", None, "wang", "li", "li"],
            "text": ["将改进。", "已公开。", None, "将公开。", "是。"],
            "score": [3, 4, 5, 6, 7],
            "own_score": [0.5] * 5,
        }
    )
    other = pd.DataFrame({"id": ["b"], "text": ["将改进。"], "score": [1.5], "page": [3]})
    mine.to_parquet(tmp_path / "a.parquet", row_group_size=4)
    other.to_parquet(tmp_path / "b.parquet")
    predict_tables([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "p", model=model, jobs=2)
    found = read_table(tmp_path / "p", "predictions")
    check_table("predictions", found)
    assert found["sentence_id"].tolist() == [i for i in ("9", "7", "8", "1", "2", "b") for _ in range(2)]
    own = found.iloc[::2]
    assert own["who"].fillna("-").tolist() == ["li", "-", "wang", "li", "li", "-"]
    assert own["text"].fillna("-").tolist() == [*mine["text"].fillna("-"), "将改进。"]
    assert own["id"].tolist() == ["9", "7", "8", "1", "2", "b"]
    assert own["own_own_score"].tolist() == [3, 4, 5, 6, 7, 1.5]
    assert own["own_score"].tolist()[:5] == [0.5] * 5
    assert own["page"].tolist()[-1] == 3
    assert own["page"].isna().sum() == 5
    file = carry_own(
        predict(read_sentences(tmp_path / "a.parquet"), model=model), read_sentences(tmp_path / "a.parquet")
    )
    assert set(file.columns) == set(found.columns) - {"page"}


def test_ids_that_repeat_or_lack_are_refused_before_a_folder_is_made(model, tmp_path):
    def refused(message, *frames):
        for number, columns in enumerate(frames):
            (tmp_path / str(number)).mkdir(exist_ok=True)
            pd.DataFrame(columns).to_parquet(tmp_path / str(number) / "a.parquet", row_group_size=1)
        paths = [tmp_path / str(number) / "a.parquet" for number in range(len(frames))]
        with pytest.raises(SchemaError, match=message):
            predict_tables(paths, tmp_path / "p", model=model)
        assert not (tmp_path / "p").exists()

    refused("the id '7' stands in rows 2, 4", {"id": [7, 8, 7], "text": list("abc")})
    refused("row 3 has no id", {"sentence_id": ["7", None], "text": list("ab")})
    refused("the id '7' stands in two of the files", {"id": [7], "text": ["a"]}, {"id": ["7"], "text": ["b"]})
    refused("another file is called so too", {"text": ["a"]}, {"text": ["b"]})
    refused("column x: is", {"id": [1], "text": ["a"], "x": [1]}, {"id": [2], "text": ["b"], "x": [["x"]]})
