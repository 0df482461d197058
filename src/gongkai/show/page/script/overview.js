// Overview: the numbers, and what they rest on beside each of them.

// How the shares of these rows came about, by which model, and how far the text is from what it learned from.
function methodNote(rows, keys, among_ = plainShares().length ? plainShares() : [...quantities().keys()]) {
  const { model } = core, [far, much, usual] = core.far;
  const trained = model.trained ? t("s_trained", { n: count(model.trained.sentences), reports: t("n_reports", { n: model.trained.reports }) }) : t("s_unknown");
  const real = (model.quality ?? []).filter((row) => row[0] === "real"), shown = real.length ? real : model.quality ?? [];
  const inOrder = [...shown].sort((a, b) => a[2] - b[2]), told = shown.length > 4 ? [inOrder[0], inOrder.at(-1)] : shown;
  const list = told.map(([, label, value, low, high]) => `${labelTitle(label)} ${asShare(value).toFixed(2)}${low === null ? "" : ` [${asShare(low).toFixed(2)}, ${asShare(high).toFixed(2)}]`}`).join(told === shown ? (side() ? "、" : ", ") : " … ");
  const shares = rows.flatMap((row) => among_.map((k) => shareAt(row, keys, k))).filter((share) => share.value !== null);
  const better = shares.filter((share) => share.coded).length;
  const how = !corrects() ? "count" : !better ? "few" : better < shares.length ? "some" : "coded";
  const distance = far === null ? t("s_far_untold") : t(far > much ? "s_far_much" : "s_far", { share: percent(1e4 * far), usual: percent(1e4 * usual, 0) });
  return t("s_method", {
    model: model.name, trained, quality: list ? t(real.length ? "s_f1" : "s_f1_own", { list }) : "", distance,
    how: t(`s_how_${how}`, { n: count(codedInAll()), method: core.method, k: count(better), of: count(shares.length), assumed: core.assumed ? t("s_assumed") : "" }),
    clusters: t(`cluster_${clusterOf(rows, keys)}`),
  });
}
const labelTitle = (name) => said(quantities().find((one) => one.label === name && one.measure === "prevalence")?.title) || name;
const clusterOf = (rows, keys) => { const all = new Set(rows.map((row) => row[keys])); return all.size === 1 ? [...all][0] : "mixed"; };
function tabs(label, names, value, choose) {
  const group = h("div", { class: "tabs", role: "group", "aria-label": label });
  names.forEach(([key, name]) => group.append(button(name, () => {
    for (const other of group.children) other.setAttribute("aria-pressed", String(other.dataset.key === String(key)));
    choose(key);
  }, { "aria-pressed": String(String(key) === String(value)), "data-key": key })));
  return group;
}
// What is drawn: a share by a tab, a class of a choice from its list.
function quantityTabs(value, choose) {
  const lists = core.scheme.choices.map(([name, keys]) => {
    const field = select(said(name), [["", "–"], ...keys.map((k) => [k, said(quantities()[k].class)])], value, (key) => {
      if (key === "") return;
      for (const other of group.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
      clear(field);
      choose(Number(key));
    });
    return field;
  });
  const clear = (but) => { for (const one of lists) if (one !== but) one.querySelector("select").value = ""; };
  const group = tabs(t("choose"), plainShares().map((k) => [k, said(quantities()[k].title)]), value, (key) => { clear(); choose(key); });
  return lists.length ? h("div", { class: "between choose" }, group, lists) : group;
}
// What a view is filtered by, as its address says it.
function filtersOf(query) {
  const known_ = (key, value) => core.shares[key]?.some((row) => row[0] === value);
  const year = query.get("year"), level = query.get("level"), province = query.get("province");
  const read = { year: year === null ? undefined : year === "?" ? null : Number(year), province: province ?? undefined, level: level === null ? undefined : level === "?" ? null : level };
  return Object.fromEntries(Object.entries(read).filter(([key, value]) => value !== undefined && known_(key, value)));
}
function filterForm(within) {
  const values = (key) => (core.shares[key] ?? []).map((row) => row[0]);
  const list = (key, name, order) => {
    const all = values(key);
    if (all.length < 2) return null;
    const field = select(t(key), [["", t("all")], ...order(all).map((one) => [one ?? "?", name(one)])], key in within ? within[key] ?? "?" : "", (value) => { amend({ [key]: value }); show().then(() => $(`by-${key}`)?.focus({ preventScroll: true })); });
    field.querySelector("select").id = `by-${key}`;
    return field;
  };
  const fields = [list("year", yearText, (all) => [...all].sort((a, b) => (b ?? -1) - (a ?? -1))), list("province", (code) => t(`province_${code}`), (all) => [...all].sort()),
    list("level", (one) => known("level", one), (all) => ["nation", "province", "city", "county", "township", null].filter((one) => all.includes(one)))].filter(Boolean);
  if (!fields.length) return null;
  const { length } = reportsIn(within);
  return h("form", { class: "filters", "aria-label": t("filter"), onsubmit: (e) => e.preventDefault() }, fields,
    Object.keys(within).length ? h("p", { class: "check" }, t("filtered", { n: count(length), all: count(core.reports.length) }), " ", button(t("q_clear"), () => { location.hash = address(""); }, { class: "quiet" })) : null);
}
function span() {
  const years = core.reports.map((row) => row[2]).filter((year) => year !== null);
  if (!years.length) return t("year_not_found");
  const [a, b] = years.reduce(([low, high], year) => [Math.min(low, year), Math.max(high, year)], [Infinity, -Infinity]);
  return a === b ? String(a) : `${a}–${b}`;
}
const named = () => core.agencies.filter((agency) => agency.name !== null).length;

function overviewView(main, { query }) {
  const chosen = Math.min(Number(query.get("measure") ?? 0) || 0, quantities().length - 1), within = filtersOf(query);
  const scheme = core.scheme, rows = rowsBy(null, within);
  main.append(h("section", { class: "hero" },
    h("h1", {}, named() ? t("hero", { n: named(), agencies: t("n_agencies", { n: count(named()) }) }) : t("hero_reports", { n: core.reports.length, reports: t("n_reports", { n: count(core.reports.length) }) })),
    h("p", { class: "lede" }, t("lede", { reports: t("n_reports", { n: count(core.reports.length) }), span: span(), sentences: t("n_sentences", { n: count(core.sentences) }), codebook: said(scheme.title) || scheme.name }),
      core.sample ? ` ${t("lede_sample", { shown: count(core.sample[0]), all: count(core.sample[1]) })}` : ""),
    filterForm(within)));
  if (!rows.length) { main.append(h("p", { class: "empty" }, t("filtered_none"))); return; }
  main.firstChild.append(
    h("ul", { class: "numbers-big" }, plainShares().slice(0, 6).map((k) => {
      const share = whole(k, within);
      return h("li", {}, h("b", {}, percent(share.value)), h("span", { class: "what" }, said(quantities()[k].title)), h("span", { class: "of" }, among(k)), h("span", { class: "def" }, definition(k)),
        small(share, endOf(share.high ?? share.value ?? 0), null, 200),
        h("span", { class: "range" }, share.low === null ? t("no_interval") : `${levelText()}: ${percent(share.low)} – ${percent(share.high)}`));
    })),
    h("p", { class: "note" }, methodNote(rows, 0), " ", h("a", { href: address("about") }, t("more"))));
  main.append(...[hundred(within), ...scheme.choices.map((one, n) => choice(one, n, within)), spread(chosen, within), yearsFigure(within), mapFigure(within), sections(chosen, within), tiles(chosen, within), admitted(within), broken(within)].filter(Boolean));
}

// What a quantity means: as the codebook defines its label, or the labels that are derived together.
function definition(k) {
  const { label, measure } = quantities()[k];
  if (measure !== "prevalence") return t("all_of", { labels: label.split("+").map(labelTitle).join(side() ? "、" : ", ") });
  return said(core.scheme.labels.find((one) => one.name === label)?.definition);
}

function hundred(within) {
  const totals = reportsIn(within).reduce((sum, row) => row[8].map((n, k) => n + (sum[k] ?? 0)), []);
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

// A choice among classes: how often each is chosen, and over the years.
function choice([name, keys], n, within) {
  const years = rowsBy("year", without(within, "year")) ?? [];
  const rows = () => keys.map((k) => ({ name: said(quantities()[k].class), share: whole(k, within), href: address("search", undefined, { label: k, year: "year" in within ? within.year ?? "?" : null }) }));
  return figure({
    name: `choice-${n}`, heading: said(name), sub: `${t("f_choice_sub", { among: among(keys[0]), level: levelText() })}${years.some((row) => row[0] !== null) ? `${side() ? "" : " "}${t("f_choice_years")}` : ""}`, note: methodNote(rowsBy(null, within), 0, keys),
    draw: (width) => {
      const columns = Math.max(1, Math.floor((width + 24) / 264)), each = Math.floor((width - (columns - 1) * 24) / columns);
      const end = mostOf(years.flatMap((row) => keys.map((k) => shareAt(row, 1, k))));
      const points = (k) => yearPoints(years, k, within).filter((p) => p.share.value !== null);
      return [rowsChart(width, rows(), said(name), null), years.some((row) => row[0] !== null) ? h("div", { class: "multiples tight" }, keys.map((k) => h("div", {}, h("h3", {}, said(quantities()[k].class)),
        points(k).length ? yearsChart(each, points(k), said(quantities()[k].title), { height: 140, end, forms: false, counts: false }) : h("p", { class: "empty" }, t("undefined"))))) : null].filter(Boolean);
    },
    rows: () => [[said(name), t("year"), ...SHARE_HEAD()], ...rows().map((row) => [row.name, t("all"), ...shareCells(row.share)]), ...keys.flatMap((k) => yearPoints(years, k, within).map((p) => [said(quantities()[k].class), p.year, ...shareCells(p.share)]))],
  });
}

const MOST_DOTS = 240;
function ranked(quantity, within) {
  return agencyShares(within).map((row) => ({ agency: row[0], name: row[0] < 0 ? t("agency_not_found") : agencyName(row[0]), share: shareAt(row, 1, quantity) }))
    .filter((p) => p.share.value !== null && p.agency >= 0).sort((a, b) => a.share.value - b.share.value);
}
function spread(chosen, within) {
  let quantity = chosen;
  if (agencyShares(within).length < 2) return null;
  const sub = h("span", {}), band = t(Object.keys(within).length ? "of_chosen" : "of_corpus");
  const node = figure({
    name: "agencies", heading: t("f_spread"), sub,
    controls: quantityTabs(quantity, (key) => { quantity = key; amend({ measure: key || null }); node.redraw(); }),
    note: methodNote(agencyShares(within), 1),
    draw: (width) => {
      const all = ranked(quantity, within);
      const shown = all.length > MOST_DOTS ? Array.from({ length: MOST_DOTS }, (_, k) => all[Math.round(k * (all.length - 1) / (MOST_DOTS - 1))]) : all;
      sub.textContent = t("f_spread_sub", { quantity: title(quantity), among: among(quantity), level: levelText(), band }) + (shown.length < all.length ? ` ${t("f_spread_some", { shown: count(shown.length), all: count(all.length) })}` : "");
      return shown.length ? spreadChart(width, shown, whole(quantity, within), title(quantity), band, "year" in within ? { year: within.year } : null) : h("p", { class: "empty" }, t("undefined"));
    },
    rows: () => [[t("agency"), ...SHARE_HEAD()], ...ranked(quantity, within).map((p) => [p.name, ...shareCells(p.share)])],
  });
  return node;
}

function yearPoints(rows, quantity, within) {
  const held = new Map();
  for (const [, , year] of reportsIn(without(within, "year"))) held.set(year, (held.get(year) ?? 0) + 1);
  return rows.filter((row) => row[0] !== null).map((row) => ({ year: row[0], share: shareAt(row, 1, quantity), reports: held.get(row[0]) ?? 0 })).sort((a, b) => a.year - b.year);
}
function yearsFigure(within) {
  const rows = rowsBy("year", without(within, "year")) ?? [];
  if (!rows.some((row) => row[0] !== null) || !plainShares().length) return null;
  return figure({
    name: "years", heading: t("f_years"), sub: t("f_years_sub", { level: levelText() }), note: methodNote(rows, 1),
    draw: (width) => {
      const columns = width > 1000 && plainShares().length > 2 ? 3 : width > 640 && plainShares().length > 1 ? 2 : 1;
      const each = Math.floor((width - (columns - 1) * 28) / columns);
      return h("div", { class: "multiples" }, plainShares().map((k) => h("div", {},
        h("h3", {}, said(quantities()[k].title), h("small", {}, ` ${among(k)}`)), yearsChart(each, yearPoints(rows, k, within), said(quantities()[k].title), { chosen: within.year }))));
    },
    rows: () => [[t("year"), t("choose"), ...SHARE_HEAD(), t("reports")], ...quantities().flatMap((_, k) => yearPoints(rows, k, within).map((p) => [p.year, said(quantities()[k].title), ...shareCells(p.share), p.reports]))],
  });
}

// Of very many agencies an even draw, and those farthest from the corpus.
const MOST_POINTS = 1000, FARTHEST = 24;
function drawnOf(points, corpus) {
  if (points.length <= MOST_POINTS) return points;
  const distance = (p) => (p.across.value - corpus[0].value) ** 2 + (p.up.value - corpus[1].value) ** 2, step = points.length / MOST_POINTS;
  const far = [...points].sort((p, q) => distance(q) - distance(p)).slice(0, FARTHEST);
  return [...new Set([...Array.from({ length: MOST_POINTS }, (_, k) => points[Math.floor(k * step)]), ...far])];
}
function mapFigure(within) {
  const [across, up] = core.scheme.binary;
  const place = (name) => quantities().findIndex((q) => q.label === name && q.measure === "prevalence");
  const a = place(across), b = place(up), third = quantities().findIndex((q) => q.label === `${across}+${up}`);
  if (across === undefined || up === undefined || a < 0 || b < 0) return core.scheme.choices.length ? null : h("p", { class: "empty" }, t("f_map_none"));
  const points = () => agencyShares(within).filter((row) => row[0] >= 0).map((row) => ({ agency: row[0], name: agencyName(row[0]), across: shareAt(row, 1, a), up: shareAt(row, 1, b), both: third < 0 ? null : shareAt(row, 1, third) })).filter((p) => p.across.value !== null && p.up.value !== null);
  if (points().length < 2) return null;
  return figure({
    name: "map", heading: core.scheme.kinds.length === 4 ? t("f_map") : `${title(a)} × ${title(b)}`, sub: `${t("f_map_sub")}${third < 0 ? "" : `${side() ? "" : " "}${t("f_map_full", { third: title(third) })}`}${points().length > MOST_POINTS ? `${side() ? "" : " "}${t("f_map_some", { all: count(points().length) })}` : ""}`, note: methodNote(agencyShares(within), 1),
    draw: (width) => mapChart(width, drawnOf(points(), [whole(a, within), whole(b, within)]), [whole(a, within), whole(b, within)], [title(a), title(b)], third < 0 ? null : title(third)),
    rows: () => [[t("agency"), ...[a, b].flatMap((q) => SHARE_HEAD().map((head) => `${title(q)}: ${head}`))], ...points().map((p) => [p.name, ...shareCells(p.across), ...shareCells(p.up)])],
  });
}

function sections(chosen, within) {
  let quantity = chosen;
  const held = rowsBy("section", within);
  if (!held) return h("figure", { class: "figure" }, h("figcaption", {}, h("h2", {}, t("f_sections"))), h("p", { class: "empty" }, t("f_sections_fine")));
  const rows = () => core.sections.map((name) => held.find((row) => row[0] === name)).filter(Boolean)
    .map((row) => ({ key: row[0], name: t(`section_${row[0]}`), share: shareAt(row, 1, quantity), href: address("search", undefined, { section: row[0], year: "year" in within ? within.year ?? "?" : null }) }));
  if (!held.length) return null;
  const node = figure({
    name: "sections", heading: t("f_sections"), sub: t("f_sections_sub", { level: levelText() }),
    controls: quantityTabs(quantity, (key) => { quantity = key; node.redraw(); }), note: methodNote(held, 1),
    draw: (width) => rowsChart(width, rows(), title(quantity), whole(quantity, within)),
    rows: () => [[t("section"), ...SHARE_HEAD()], ...rows().map((row) => [row.name, ...shareCells(row.share)])],
  });
  return node;
}

function tiles(chosen, within) {
  let quantity = chosen;
  const held = rowsBy("province", without(within, "province")) ?? [];
  const rows = () => new Map(held.filter((row) => row[0] in core.tiles).map((row) => [row[0], shareAt(row, 1, quantity)]));
  if (!core.shares.province) return h("figure", { class: "figure" }, h("figcaption", {}, h("h2", {}, t("f_tiles"))), h("p", { class: "empty" }, t("f_tiles_none")));
  const lacking = reportsIn(without(within, "province")).filter(([, agency]) => !provinceOf(core.agencies[agency].region_code)).length;
  const sub = h("span", {});
  const node = figure({
    name: "provinces", heading: t("f_tiles"), sub,
    controls: quantityTabs(quantity, (key) => { quantity = key; node.redraw(); }),
    note: `${methodNote(held, 1)}${lacking ? ` ${t("f_tiles_unknown", { n: count(lacking) })}` : ""}`,
    draw: (width) => { sub.textContent = t("f_tiles_sub", { quantity: title(quantity), among: among(quantity) }); return tilesChart(width, rows(), t("f_tiles"), whole(quantity, without(within, "province")), within.province); },
    rows: () => [[t("province"), ...SHARE_HEAD()], ...[...rows()].map(([code, share]) => [t(`province_${code}`), ...shareCells(share)])],
  });
  return node;
}

function admitted(within) {
  const every = reportsIn(within), all = every.length, some = every.filter((row) => row[7]).length;
  const years = new Map();
  for (const [, , year, , , , , admits] of reportsIn(without(within, "year"))) if (year !== null) years.set(year, [(years.get(year)?.[0] ?? 0) + 1, (years.get(year)?.[1] ?? 0) + admits]);
  const admitting = [...years].map(([year, [n, k]]) => [year, n, k]).sort((a, b) => a[0] - b[0]);
  if (!some) return h("figure", { class: "figure" }, h("figcaption", {}, h("h2", {}, t("f_admit"))), h("p", { class: "empty" }, t("f_admit_none")));
  const held = rowsBy("year", { ...without(within, "year"), section: "problems" }) ?? [];
  const points = (k) => yearPoints(held, k, within);
  const part = (row) => ({ value: Math.round(10_000 * row[2] / row[1]), low: null, high: null, n: row[1] });
  const said_ = rowsBy(null, { ...within, section: "problems" })?.[0];
  return figure({
    name: "problems", heading: t("f_admit"), sub: `${t("f_admit_all", { k: count(some), n: count(all) })}. ${t("f_admit_sub")}`, note: held.length ? methodNote(held, 1) : null,
    controls: h("p", {}, h("a", { class: "go", href: address("search", undefined, { section: "problems", year: "year" in within ? within.year ?? "?" : null }) }, said_ ? t("f_admit_read", { n: count(shareAt(said_, 0, 0).n) }) : t("f_admit_read_all"), " →")),
    draw: (width) => {
      const shown = held.some((row) => row[0] !== null) ? plainShares().slice(0, 2) : [];
      const columns = width > 1000 ? shown.length + 1 : width > 640 ? 2 : 1;
      const each = Math.floor((width - (columns - 1) * 28) / columns);
      return h("div", { class: "multiples" },
        !admitting.length ? null : h("div", {}, h("h3", {}, t("f_admit_year")), yearsChart(each, admitting.map((row) => ({ year: row[0], reports: row[1], share: part(row) })), t("f_admit_year"), { end: 10_000, chosen: within.year })),
        shown.map((k) => h("div", {}, h("h3", {}, said(quantities()[k].title), h("small", {}, ` ${among(k)}`)), yearsChart(each, points(k), said(quantities()[k].title), { chosen: within.year }))));
    },
    rows: () => [[t("year"), t("reports"), t("f_admit_year"), ...quantities().flatMap((q) => SHARE_HEAD().map((head) => `${said(q.title)}: ${head}`))],
      ...admitting.map((row) => [row[0], row[1], row[2], ...quantities().flatMap((_, k) => { const found = points(k).find((p) => p.year === row[0]); return found ? shareCells(found.share) : ["", "", "", ""]; })])],
  });
}

function broken(within) {
  const every = reportsIn(within), n = every.length, k = every.filter((row) => row[5]).length;
  if (!k) return null;
  return h("figure", { class: "figure plain" }, h("figcaption", {}, h("h2", {}, t("f_broken"))),
    h("p", { class: "sub" }, `${t("f_broken_all", { k: count(k), n: count(n) })}. ${t("r_broken_note")} `, h("a", { class: "go", href: address("agencies", undefined, { broken: 1, province: within.province, level: "level" in within ? within.level ?? "?" : null }) }, t("only_broken"), " →")));
}
