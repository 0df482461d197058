// What the numbers are, and what is missing.

function aboutView(main) {
  const { scheme, model, files } = core;
  main.append(h("h1", {}, t("about_title")), h("p", { class: "lede" }, t("about_lede")));
  const part = (heading, ...content) => h("section", { class: "block prose" }, h("h2", {}, heading), content);
  main.append(part(t("ab_labels"),
    h("p", { class: "faint" }, `${said(scheme.title) || scheme.name} · ${scheme.name} ${scheme.version}`),
    h("dl", { class: "terms" }, scheme.labels.map((one) => [h("dt", {}, said(one.title)), h("dd", {}, said(one.definition) || "–")])), kindLegend()));
  const quality = model.quality ?? [];
  const columns = ["real", "agency"].filter((split) => quality.some((row) => row[0] === split));
  main.append(part(t("ab_model"), h("p", {}, t(corrects() ? "ab_model_corrected" : "ab_model_text", { model: model.name, n: count(codedInAll()), method: core.method })),
    h("p", {}, model.trained ? t("ab_trained", { sentences: count(model.trained.sentences), reports: t("n_reports", { n: model.trained.reports }), agencies: t("n_agencies", { n: model.trained.agencies }), span: (model.trained.years ?? []).join("–") }) : t("ab_untold")),
    columns.length ? h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("ab_quality") }, h("table", { class: "plain-table" }, h("caption", {}, t("ab_quality")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("label")), columns.map((split) => h("th", { scope: "col" }, t(split === "real" ? "ab_real" : "ab_authored"))))),
      h("tbody", {}, [...new Set(quality.map((row) => row[1]))].map((label) => h("tr", {}, h("th", { scope: "row" }, labelTitle(label)), columns.map((split) => {
        const row = quality.find((one) => one[0] === split && one[1] === label);
        return h("td", {}, row ? [small({ value: row[2], low: row[3], high: row[4] }, 10_000, null), ` ${asShare(row[2]).toFixed(2)}${row[3] === null ? "" : ` [${asShare(row[3]).toFixed(2)}, ${asShare(row[4]).toFixed(2)}]`}`, h("small", {}, ` ${t("n_sentences", { n: count(row[5]) })}, ${t("n_agencies", { n: row[6] ?? "–" })}`)] : "–");
      })))))) : null));
  main.append(part(t("ab_intervals"), h("p", {}, t("ab_intervals_text", { level: levelText(), version: core.version }), corrects() ? ` ${t("ab_intervals_corrected")}` : ""), core.ranks ? h("p", {}, t("rank_note")) : null));
  const missing = [[files.noAgency, "ab_no_agency"], [files.noYear, "ab_no_year"], [files.twice, "ab_twice"], [files.lost, "ab_lost"]].filter(([n]) => n);
  main.append(part(t("ab_missing"), missing.length ? h("ul", {}, missing.map(([n, key]) => h("li", {}, t(key, { n: count(n), name: t("agency_not_found") }), key === "ab_lost" ? h("ul", { class: "problems" }, files.unread.map(([path, code, message]) => h("li", {}, h("code", {}, path), " ", said(core.advice[code]), " ", h("small", { lang: "en" }, message)))) : null))) : h("p", {}, t("ab_none_missing"))));
  main.append(part(t("ab_keys"), h("p", {}, t("ab_keys_text"))), h("p", { class: "faint" }, t("ab_cite", { version: core.version })));
}
