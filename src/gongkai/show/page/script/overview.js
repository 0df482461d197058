// Overview: the numbers, and what they rest on beside each of them.

// How the shares of these rows came about, by which model, and how far the text is from what it learned from.
function methodNote(rows, keys) {
  const { model } = core, [far, much, usual] = core.far;
  const trained = model.trained ? t("s_trained", { n: count(model.trained.sentences), reports: t("n_reports", { n: model.trained.reports }) }) : t("s_unknown");
  const real = (model.quality ?? []).filter((row) => row[0] === "real"), shown = real.length ? real : model.quality ?? [];
  const list = shown.map(([, label, value, low, high]) => `${labelTitle(label)} ${asShare(value).toFixed(2)}${low === null ? "" : ` [${asShare(low).toFixed(2)}, ${asShare(high).toFixed(2)}]`}`).join(side() ? "、" : ", ");
  const shares = rows.flatMap((row) => quantities().map((_, k) => shareAt(row, keys, k))).filter((share) => share.value !== null);
  const better = shares.filter((share) => share.coded).length;
  const how = !corrects() ? "count" : !better ? "few" : better < shares.length ? "some" : "coded";
  const distance = far === null ? t("s_far_untold") : t(far > much ? "s_far_much" : "s_far", { share: percent(1e4 * far), usual: percent(1e4 * usual, 0) });
  return t("s_method", {
    model: model.name, trained, quality: list ? t(real.length ? "s_f1" : "s_f1_own", { list }) : "", distance,
    how: t(`s_how_${how}`, { n: count(core.coded), method: core.method, k: count(better), of: count(shares.length), assumed: core.assumed ? t("s_assumed") : "" }),
    clusters: t(`cluster_${clusterOf(rows, keys)}`),
  });
}
const labelTitle = (name) => said(core.scheme.labels.find((one) => one.name === name)?.title) || name;
const clusterOf = (rows, keys) => { const all = new Set(rows.map((row) => row[keys])); return all.size === 1 ? [...all][0] : "mixed"; };
function tabs(label, names, value, choose) {
  const group = h("div", { class: "tabs", role: "group", "aria-label": label });
  names.forEach(([key, name]) => group.append(button(name, () => {
    for (const other of group.children) other.setAttribute("aria-pressed", String(other.dataset.key === String(key)));
    choose(key);
  }, { "aria-pressed": String(String(key) === String(value)), "data-key": key })));
  return group;
}
const quantityTabs = (value, choose) => tabs(t("choose"), quantities().map((q, k) => [k, said(q.title)]), value, choose);
function span() {
  const years = core.years.map((row) => row[0]).filter((year) => year !== null);
  if (!years.length) return t("year_not_found");
  const [a, b] = [Math.min(...years), Math.max(...years)];
  return a === b ? String(a) : `${a}–${b}`;
}
const named = () => core.agencies.filter((agency) => agency.name !== null).length;

function overviewView(main, { query }) {
  const chosen = Math.min(Number(query.get("measure") ?? 0) || 0, quantities().length - 1);
  const scheme = core.scheme;
  main.append(h("section", { class: "hero" },
    h("h1", {}, t("hero", { agencies: t("n_agencies", { n: count(named()) }) })),
    h("p", { class: "lede" }, t("lede", { reports: t("n_reports", { n: count(core.reports.length) }), span: span(), sentences: t("n_sentences", { n: count(core.sentences) }), codebook: said(scheme.title) || scheme.name }),
      core.sample ? ` ${t("lede_sample", { shown: count(core.sample[0]), all: count(core.sample[1]) })}` : ""),
    h("ul", { class: "numbers-big" }, quantities().slice(0, 6).map((q, k) => {
      const share = whole(k);
      return h("li", {}, h("b", {}, percent(share.value)), h("span", { class: "what" }, said(q.title)), h("span", { class: "of" }, among(k)),
        small(share, scaleTo(share.high ?? share.value ?? 0, 0, 1).end, null, 200),
        h("span", { class: "range" }, share.low === null ? t("no_interval") : `${levelText()}: ${percent(share.low)} – ${percent(share.high)}`));
    })),
    h("p", { class: "note" }, methodNote(core.whole, 0), " ", h("a", { href: address("about") }, t("more")))));
  main.append(hundred(), spread(chosen), yearsFigure(), mapFigure(), sections(chosen), tiles(chosen), admitted(), broken());
}

function hundred() {
  const totals = core.kinds.reduce((sum, row) => row.map((n, k) => n + (sum[k] ?? 0)), []);
  if (!totals.some((n) => n)) return null;
  const legend = h("ul", { class: "legend big" });
  return figure({
    name: "hundred", heading: t("hundred"),
    note: `${t("hundred_note", { sections: core.scheme.uncounted.map((one) => t(`section_${one}`)).join(side() ? "、" : ", ") })}${corrects() ? ` ${t("hundred_counted")}` : ""}`,
    draw: (width) => {
      const { node, floor } = hundredChart(width, totals, t("hundred"));
      legend.replaceChildren(...floor.map((n, k) => [n, k]).filter(([n, k]) => k < core.scheme.kinds.length || n).map(([n, k]) =>
        h("li", {}, h("i", { class: `mark k${k}`, "aria-hidden": "true" }, k < core.scheme.kinds.length ? kindMark(k) : "·"), h("b", {}, n), ` ${k < core.scheme.kinds.length ? kindTitle(k) : t("none_kind")}`)));
      return [node, legend];
    },
    rows: () => [[t("kind"), t("sentences")], ...totals.map((n, k) => [k < core.scheme.kinds.length ? kindTitle(k) : t("none_kind"), n])],
  });
}

const MOST_DOTS = 240;
function ranked(quantity) {
  return core.byAgency.map((row) => ({ agency: row[0], name: row[0] < 0 ? t("agency_not_found") : agencyName(row[0]), share: shareAt(row, 1, quantity) }))
    .filter((p) => p.share.value !== null && p.agency >= 0).sort((a, b) => a.share.value - b.share.value);
}
function spread(chosen) {
  let quantity = chosen;
  const sub = h("span", {});
  const node = figure({
    name: "agencies", heading: t("f_spread"), sub,
    controls: quantityTabs(quantity, (key) => { quantity = key; amend({ measure: key || null }); node.redraw(); }),
    note: methodNote(core.byAgency, 1),
    draw: (width) => {
      const all = ranked(quantity);
      const shown = all.length > MOST_DOTS ? Array.from({ length: MOST_DOTS }, (_, k) => all[Math.round(k * (all.length - 1) / (MOST_DOTS - 1))]) : all;
      sub.textContent = t("f_spread_sub", { quantity: title(quantity), among: among(quantity), level: levelText() }) + (shown.length < all.length ? ` ${t("f_spread_some", { shown: count(shown.length), all: count(all.length) })}` : "");
      return shown.length ? spreadChart(width, shown, whole(quantity), title(quantity)) : h("p", { class: "empty" }, t("undefined"));
    },
    rows: () => [[t("agency"), ...SHARE_HEAD()], ...ranked(quantity).map((p) => [p.name, ...shareCells(p.share)])],
  });
  return node;
}

function yearPoints(rows, quantity) {
  const held = new Map();
  for (const [, , year] of core.reports) held.set(year, (held.get(year) ?? 0) + 1);
  return rows.filter((row) => row[0] !== null).map((row) => ({ year: row[0], share: shareAt(row, 1, quantity), reports: held.get(row[0]) ?? 0 })).sort((a, b) => a.year - b.year);
}
function yearsFigure() {
  const rows = core.years;
  if (!rows.some((row) => row[0] !== null)) return null;
  return figure({
    name: "years", heading: t("f_years"), sub: t("f_years_sub", { level: levelText() }), note: methodNote(rows, 1),
    draw: (width) => {
      const columns = width > 1000 && quantities().length > 2 ? 3 : width > 640 && quantities().length > 1 ? 2 : 1;
      const each = Math.floor((width - (columns - 1) * 28) / columns);
      return h("div", { class: "multiples" }, quantities().map((q, k) => h("div", {},
        h("h3", {}, said(q.title), h("small", {}, ` ${among(k)}`)), yearsChart(each, yearPoints(rows, k), said(q.title)))));
    },
    rows: () => [[t("year"), t("choose"), ...SHARE_HEAD(), t("reports")], ...quantities().flatMap((q, k) => yearPoints(rows, k).map((p) => [p.year, said(q.title), ...shareCells(p.share), p.reports]))],
  });
}

function mapFigure() {
  const [across, up] = core.scheme.binary;
  const place = (name) => quantities().findIndex((q) => q.label === name && q.measure === "prevalence");
  const a = place(across), b = place(up);
  if (across === undefined || up === undefined || a < 0 || b < 0) return h("p", { class: "empty" }, t("f_map_none"));
  const points = () => core.byAgency.filter((row) => row[0] >= 0).map((row) => ({ agency: row[0], name: agencyName(row[0]), across: shareAt(row, 1, a), up: shareAt(row, 1, b) })).filter((p) => p.across.value !== null && p.up.value !== null);
  return figure({
    name: "map", heading: core.scheme.kinds.length === 4 ? t("f_map") : `${title(a)} × ${title(b)}`, sub: t("f_map_sub"), note: methodNote(core.byAgency, 1),
    draw: (width) => {
      const node = mapChart(width, points(), [whole(a), whole(b)], [title(a), title(b)], null, (p) => node.cross(p));
      node.addEventListener("focusin", (event) => { const p = points().find((one) => agencyLink(one.agency) === event.target.getAttribute("href")); if (p) node.cross(p); });
      return node;
    },
    rows: () => [[t("agency"), ...[a, b].flatMap((q) => SHARE_HEAD().map((head) => `${title(q)}: ${head}`))], ...points().map((p) => [p.name, ...shareCells(p.across), ...shareCells(p.up)])],
  });
}

function sections(chosen) {
  let quantity = chosen;
  const rows = () => core.sections.map((name) => core.bySection.find((row) => row[0] === name)).filter(Boolean)
    .map((row) => ({ key: row[0], name: t(`section_${row[0]}`), share: shareAt(row, 1, quantity), href: address("search", undefined, { section: row[0] }) }));
  if (!core.bySection.length) return null;
  const node = figure({
    name: "sections", heading: t("f_sections"), sub: t("f_sections_sub", { level: levelText() }),
    controls: quantityTabs(quantity, (key) => { quantity = key; node.redraw(); }), note: methodNote(core.bySection, 1),
    draw: (width) => rowsChart(width, rows(), title(quantity), whole(quantity)),
    rows: () => [[t("section"), ...SHARE_HEAD()], ...rows().map((row) => [row.name, ...shareCells(row.share)])],
  });
  return node;
}

function tiles(chosen) {
  let quantity = chosen;
  const rows = () => new Map(core.byProvince.filter((row) => TILES[row[0]]).map((row) => [row[0], shareAt(row, 1, quantity)]));
  if (!rows().size) return h("figure", { class: "figure" }, h("figcaption", {}, h("h2", {}, t("f_tiles"))), h("p", { class: "empty" }, t("f_tiles_none")));
  const lacking = core.reports.filter(([, agency]) => !provinceOf(core.agencies[agency].region_code)).length;
  const sub = h("span", {});
  const node = figure({
    name: "provinces", heading: t("f_tiles"), sub,
    controls: quantityTabs(quantity, (key) => { quantity = key; node.redraw(); }),
    note: `${methodNote(core.byProvince, 1)}${lacking ? ` ${t("f_tiles_unknown", { n: count(lacking) })}` : ""}`,
    draw: (width) => { sub.textContent = t("f_tiles_sub", { quantity: title(quantity), among: among(quantity) }); return tilesChart(width, rows(), t("f_tiles"), whole(quantity)); },
    rows: () => [[t("province"), ...SHARE_HEAD()], ...[...rows()].map(([code, share]) => [t(`province_${code}`), ...shareCells(share)])],
  });
  return node;
}

function admitted() {
  const admitting = core.admitting.filter(([year]) => year !== null);
  const [all, some] = core.admitting.reduce(([n, k], row) => [n + row[1], k + row[2]], [0, 0]);
  if (!some) return h("figure", { class: "figure" }, h("figcaption", {}, h("h2", {}, t("f_admit"))), h("p", { class: "empty" }, t("f_admit_none")));
  const points = (k) => yearPoints(core.admitted, k);
  const part = (row) => ({ value: Math.round(10_000 * row[2] / row[1]), low: null, high: null, n: row[1] });
  const said_ = core.bySection.find((row) => row[0] === "problems");
  return figure({
    name: "problems", heading: t("f_admit"), sub: `${t("f_admit_all", { k: count(some), n: count(all) })}. ${t("f_admit_sub")}`, note: methodNote(core.admitted, 1),
    controls: h("p", {}, h("a", { class: "go", href: address("search", undefined, { section: "problems" }) }, t("f_admit_read", { n: count(shareAt(said_, 1, 0)?.n ?? 0) }), " →")),
    draw: (width) => {
      const shown = quantities().length > 2 ? 2 : quantities().length;
      const columns = width > 1000 ? shown + 1 : width > 640 ? 2 : 1;
      const each = Math.floor((width - (columns - 1) * 28) / columns);
      return h("div", { class: "multiples" },
        h("div", {}, h("h3", {}, t("f_admit_year")), yearsChart(each, admitting.map((row) => ({ year: row[0], reports: row[1], share: part(row) })), t("f_admit_year"), { end: 10_000 })),
        quantities().slice(0, shown).map((q, k) => h("div", {}, h("h3", {}, said(q.title), h("small", {}, ` ${among(k)}`)), yearsChart(each, points(k), said(q.title)))));
    },
    rows: () => [[t("year"), t("reports"), t("f_admit_year"), ...quantities().flatMap((q) => SHARE_HEAD().map((head) => `${said(q.title)}: ${head}`))],
      ...admitting.map((row) => [row[0], row[1], row[2], ...quantities().flatMap((_, k) => { const found = points(k).find((p) => p.year === row[0]); return found ? shareCells(found.share) : ["", "", "", ""]; })])],
  });
}

function broken() {
  const n = core.reports.length, k = core.reports.filter((row) => row[5]).length;
  if (!k) return null;
  return h("figure", { class: "figure plain" }, h("figcaption", {}, h("h2", {}, t("f_broken"))),
    h("p", { class: "sub" }, `${t("f_broken_all", { k: count(k), n: count(n) })}. ${t("r_broken_note")} `, h("a", { class: "go", href: address("agencies", undefined, { broken: 1 }) }, t("only_broken"), " →")));
}
