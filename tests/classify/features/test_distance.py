"""What is unlike the training text is told: prose of other genres far, agencies not seen and real reports near."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from gongkai.classify.classifier import load_model
from gongkai.classify.features.distance import FILE, Familiar, familiar
from gongkai.classify.folds import split_groups
from gongkai.classify.predict import predict
from gongkai.classify.train import gold_of
from gongkai.cli.app import app
from gongkai.coding.labels import read_labels
from gongkai.errors import ModelError
from gongkai.measure.shares.prevalence import prevalence
from gongkai.store.run import bundled
from gongkai.tables.predicted import FAR, FAR_TEXT

OTHERS = (
    "清晨的雾还没有散，老人牵着一头黄牛慢慢走过石桥，桥下的水声很轻。",
    "把面粉和鸡蛋搅匀，倒进热锅里摊成薄饼，两面煎到微黄就可以出锅。",
    "上半场第三十分钟，客队前锋在禁区外起脚远射，皮球击中横梁弹出。",
    "患者反复咳嗽两周，夜间加重，胸片显示右下肺纹理增粗。",
    "这只股票午后放量拉升，收盘涨停，分析师认为短线仍有回调风险。",
    "她把信折好塞进抽屉，再也没有对任何人提起那个冬天。",
    "火星的大气非常稀薄，主要成分是二氧化碳，昼夜温差超过一百摄氏度。",
    "甲方逾期付款的，每逾期一日应按未付款项的万分之五向乙方支付违约金。",
    "函数接收两个参数，返回它们的最大公约数，若参数为零则抛出异常。",
    "全村去年种了八百亩苹果，雨水好，果子又大又甜，客商早早来订货。",
    "古寺建于唐代，大殿斗拱层层叠叠，壁画虽已剥落仍可见飞天衣袂。",
    "老师说，三角形的内角和等于一百八十度，谁能用折纸的办法证明？",
    "导演把故事放在一列夜行火车上，人物的秘密随着站台灯光一一露出来。",
    "受冷空气影响，今晚到明天沿海有七到八级大风，渔船请及时回港。",
    "这款相机换了新的传感器，暗光下噪点少了很多，只是电池不太耐用。",
    "国防科技工业要坚持自主创新，加快突破关键材料和先进发动机技术。",
)


@pytest.fixture(scope="module")
def left_out():
    """The distance of each bundled coded sentence from agencies other than its own."""
    gold = gold_of(read_labels(bundled("corpus/labels")))
    groups = split_groups(gold)
    fold = groups % 5
    distance = np.zeros(len(gold))
    for k in range(5):
        inside = gold["text"][fold != k].tolist()
        distance[fold == k] = familiar(inside, groups[fold != k]).distance(gold["text"][fold == k].tolist())
    return gold.assign(distance=distance)


def test_other_genres_are_far_and_agencies_not_seen_are_not(left_out):
    other = load_model("linear").familiar.distance(OTHERS)
    truth = np.repeat([0, 1], [len(left_out), len(other)])
    assert roc_auc_score(truth, np.append(left_out["distance"], other)) > 0.98
    assert (other > FAR).mean() > 0.9
    assert 0.02 < (left_out["distance"] > FAR).mean() < 0.08


def test_no_agency_left_out_is_called_a_far_text(left_out):
    far = left_out["distance"] > FAR
    assert far.groupby(left_out["agency"]).mean().max() < FAR_TEXT / 1.5
    assert far.groupby(left_out["report_id"]).mean().max() < FAR_TEXT


def test_predictions_tell_it_and_a_text_alone_is_judged_as_in_a_batch(model, sentences):
    found = predict(sentences, model=model)
    assert found["distance"].between(0, 1).all()
    assert found.groupby("sentence_id")["distance"].nunique().eq(1).all()
    own = load_model(model).familiar
    assert own.distance([""]) == 0
    texts = [*OTHERS, "", "将加强培训。"]
    assert own.distance(texts).tolist() == [own.distance([text])[0] for text in texts]


def test_a_model_without_it_tells_none_and_a_damaged_one_is_refused(model, tmp_path):
    import shutil

    shutil.copytree(model, tmp_path / "old")
    (tmp_path / "old" / FILE).write_bytes(b"broken")
    with pytest.raises(ModelError, match="damaged, train the model anew"):
        load_model(tmp_path / "old")
    (tmp_path / "old" / FILE).unlink()
    assert predict(pd.DataFrame({"text": ["将加强培训。"]}), model=tmp_path / "old")["distance"].isna().all()


def test_what_was_saved_judges_alike(tmp_path):
    made = familiar(["加强培训。", "推进公开。", "受理申请。", "改进工作。", "公开年报。"], np.arange(5))
    made.save(tmp_path)
    assert (Familiar.load(tmp_path).distance(OTHERS) == made.distance(OTHERS)).all()


def test_a_share_counted_on_far_text_says_so_beside_it(tmp_path):
    frame = pd.DataFrame(
        {"text": [*OTHERS, *["一是加强业务培训，提升工作水平。"] * 8], "agency": ["甲"] * 16 + ["乙"] * 8,
         "report_id": "r", "region_code": None, "year": 2023, "section": "overview", "heading": ""}
    )  # fmt: skip
    frame.to_csv(tmp_path / "s.csv", index=False)
    found = CliRunner().invoke(app, ["predict", str(tmp_path / "s.csv"), "-o", str(tmp_path / "p.csv")])
    assert "unlike the training text" in found.output
    assert "warning: the model's quality is not known on such text" in found.output
    measures = prevalence(predict(frame), by=("agency",)).groupby("agency")["note"].first()
    assert "of the sentences are unlike the training text" in measures["甲"]
    assert "unlike" not in str(measures["乙"])
    folder = [str(tmp_path / "p.parquet"), "-o", str(tmp_path / "out")]
    frame.to_parquet(tmp_path / "p.parquet")
    assert "unlike the training text" in CliRunner().invoke(app, ["predict", *folder]).output
    assert (prevalence(tmp_path / "out", by=("agency",))["note"].str.contains("unlike")).any()
