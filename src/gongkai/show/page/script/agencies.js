// Agencies: a table to sort and filter; a row opens the agency.

const PAGE = 200;
function agencyRows(within) {
  const sets = "year" in within ? new Map() : rankSets(), byAgency = new Map(agencyShares(within).map((row) => [row[0], row]));
  return core.agencies.map((agency, number) => {
    const row = byAgency.get(number), reports = core.reportsOf[number].filter((one) => !("year" in within) || one.year === within.year);
    return {
      number, agency, name: agencyName(number), reports,
      years: [...new Set(reports.map((r) => r.year))].sort((a, b) => (a ?? 1e9) - (b ?? 1e9)),
      shares: quantities().map((_, k) => shareAt(row, 1, k)), ranks: quantities().map((_, k) => sets.get(`${number} ${k}`)),
      choices: core.scheme.choices.map(([, keys]) => mostChosen(row, keys)),
      broken: reports.reduce((sum, r) => sum + r.broken, 0),
      outcomes: core.outcomes?.[number], copied: core.copied?.[number],
    };
  });
}
// The class that a row has most of; null where it has none.
function mostChosen(row, keys) {
  const [k, share] = keys.map((key) => [key, shareAt(row, 1, key)]).reduce((a, b) => ((b[1]?.value ?? -1) > (a[1]?.value ?? -1) ? b : a));
  return share?.value ? { k, share } : null;
}
// Lowest and highest rank, by agency and quantity: alone, and for all agencies together.
function rankSets() {
  const sets = new Map();
  for (const [agency, quantity, low, high, lowAll, highAll] of core.ranks ?? []) sets.set(`${agency} ${quantity}`, { one: [low, high], all: [lowAll, highAll] });
  return sets;
}
const rankText = (set) => (set ? (set[0] === set[1] ? String(set[0]) : `${set[0]}–${set[1]}`) : "–");

function agenciesView(main, { query }) {
  const within = "year" in filtersOf(query) ? { year: filtersOf(query).year } : {};
  const all = agencyRows(within).filter((row) => row.reports.length);
  const state = { sort: query.get("sort") ?? "name", down: query.get("down") === "1", q: query.get("q") ?? "", level: query.get("level") ?? "", kind: query.get("kind") ?? "", province: query.get("province") ?? "", broken: query.get("broken") ?? "", shown: PAGE };
  const classes = core.scheme.choices.map((_, n) => query.get(`class${n}`) ?? "");
  const ends = quantities().map((_, k) => endOf(mostOf(all.map((row) => row.shares[k]).filter(Boolean))));
  const columns = [
    { key: "name", name: t("agency"), value: (row) => row.name },
    { key: "years", name: t("years"), value: (row) => row.years.at(-1) ?? 0, wide: true },
    ...plainShares().map((k) => ({ key: String(k), name: title(k), sub: among(k), value: (row) => row.shares[k]?.value ?? -1, quantity: k })),
    ...core.scheme.choices.map(([name], n) => ({ key: `class${n}`, name: said(name), sub: t("most_chosen"), value: (row) => (row.choices[n] ? 1e6 - row.choices[n].k : -1) })),
    core.outcomes ? { key: "promises", name: t("promises"), value: (row) => (row.outcomes?.[0] ?? 0) / Math.max(1, row.outcomes?.reduce((a, b) => a + b, 0) ?? 1), wide: true } : null,
    core.copied ? { key: "copied", name: t("copied_share"), value: (row) => (row.copied?.[0] ? (row.copied[1] + row.copied[2]) / row.copied[0] : -1), wide: true } : null,
    { key: "broken", name: t("broken"), value: (row) => row.broken, wide: true },
  ].filter(Boolean);
  const fits = (row) => {
    const text = `${row.name} ${row.agency.region ?? ""}`.toLowerCase();
    return (!state.q || text.includes(state.q.toLowerCase())) && (!state.level || (row.agency.level ?? "?") === state.level) && (!state.kind || (row.agency.kind ?? "?") === state.kind)
      && (!state.province || provinceOf(row.agency.region_code) === state.province) && (!state.broken || row.broken > 0)
      && classes.every((one, n) => !one || String(row.choices[n]?.k) === one);
  };
  const found = () => {
    const column = columns.find((one) => one.key === state.sort) ?? columns[0];
    const order = new Intl.Collator("zh");
    const compare = column.key === "name" ? (a, b) => order.compare(column.value(a), column.value(b)) : (a, b) => column.value(a) - column.value(b);
    return all.filter(fits).sort((a, b) => (a.agency.name === null) - (b.agency.name === null) || (state.down ? -1 : 1) * compare(a, b) || a.number - b.number);
  };
  const head = h("tr", {}, columns.map((column) => h("th", { scope: "col", class: column.quantity === undefined ? null : "share", "data-key": column.key },
    button([h("span", {}, column.name), column.sub ? h("small", {}, column.sub) : null, h("i", { class: "arrow", "aria-hidden": "true" })], () => sortBy(column.key), { title: t("sort_by", { name: column.name }) }))));
  function sortBy(key) {
    if (state.sort === key) state.down = !state.down; else Object.assign(state, { sort: key, down: key !== "name" });
    state.shown = PAGE;
    update();
    announce(t("sorted", { name: columns.find((one) => one.key === key).name }));
  }
  // Where rows are cards there are no heads of columns to click.
  const sorter = select(t("sort"), columns.map((column) => [column.key, column.name]), state.sort, sortBy);
  sorter.classList.add("for-cards");
  const body = h("tbody"), counted = h("p", { class: "count" }), more = h("p", { class: "more" });
  const update = () => {
    amend({ sort: state.sort === "name" ? null : state.sort, down: state.down ? 1 : null, q: state.q, level: state.level, kind: state.kind, province: state.province, broken: state.broken, ...Object.fromEntries(classes.map((one, n) => [`class${n}`, one])) });
    const rows = found();
    sorter.querySelector("select").value = state.sort;
    for (const th of head.children) th.setAttribute("aria-sort", th.dataset.key === state.sort ? (state.down ? "descending" : "ascending") : "none");
    body.replaceChildren(...rows.slice(0, state.shown).map(tableRow));
    counted.textContent = t("showing", { shown: count(rows.length), all: count(all.length) });
    more.replaceChildren(...(rows.length > state.shown ? [button(t("show_more"), () => { state.shown += PAGE; update(); }, { class: "wide" })] : []));
  };
  function tableRow(row) {
    const { agency } = row;
    const about = [agency.kind && known("kind", agency.kind), agency.level && known("level", agency.level), agency.region].filter(Boolean).join(" · ");
    return h("tr", {},
      h("th", { scope: "row" }, h("a", { href: agencyLink(row.number, "year" in within ? { year: within.year } : null) }, row.name), h("small", {}, about)),
      h("td", { "data-name": t("years") }, h("span", { class: "years" }, row.years.length > 3 ? `${row.years[0] ?? "?"}–${row.years.at(-1) ?? "?"}` : row.years.map((year) => year ?? "?").join(" ")), h("small", {}, t("n_reports", { n: row.reports.length }))),
      plainShares().map((k) => [row.shares[k], k]).map(([share, k]) => h("td", { class: "share", "data-name": title(k), "data-tip": share ? `${tipOf(`${row.name} · ${title(k)}`, share)}${row.ranks[k] ? `\n${t("rank_all", { ranks: rankText(row.ranks[k].all) })}\n${t("rank_one", { ranks: rankText(row.ranks[k].one) })}` : ""}` : null },
        small(share, ends[k], whole(k, within)?.value), h("b", {}, percent(share?.value)), row.ranks[k] ? h("small", {}, `${t("rank")} ${rankText(row.ranks[k].all)}`) : null)),
      row.choices.map((one, n) => h("td", { "data-name": said(core.scheme.choices[n][0]), "data-tip": one ? tipOf(`${row.name} · ${title(one.k)}`, one.share) : null }, h("span", {}, one ? [said(quantities()[one.k].class), " ", h("b", {}, percent(one.share.value, 0))] : "–"))),
      core.outcomes ? h("td", { "data-name": t("promises") }, outcomeStrip(row.outcomes)) : null,
      core.copied ? h("td", { class: "n", "data-name": t("copied_share") }, row.copied?.[0] ? `${Math.round(100 * (row.copied[1] + row.copied[2]) / row.copied[0])}%` : "–") : null,
      h("td", { class: "n", "data-name": t("broken") }, row.broken ? h("span", { class: "warn" }, `⚠ ${row.broken}`) : "0"));
  }
  const choices = (key) => [["", t("all")], ...[...new Set(core.agencies.map((agency) => agency[key] ?? "?"))].sort().map((one) => [one, one === "?" ? t("not_found") : known(key, one)])];
  const provinces = [...new Set(core.agencies.map((agency) => provinceOf(agency.region_code)).filter(Boolean))].sort();
  const change = (key) => (value) => { state[key] = value; state.shown = PAGE; update(); };
  main.append(h("h1", {}, t("agencies")),
    h("form", { class: "filters", role: "search", "aria-label": t("filter"), onsubmit: (e) => e.preventDefault() },
      h("label", { class: "field grow" }, h("span", {}, t("filter_name")), h("input", { type: "search", id: "filter", value: state.q, oninput: (e) => change("q")(e.target.value) })),
      select(t("level"), choices("level"), state.level, change("level")), select(t("kind"), choices("kind"), state.kind, change("kind")),
      select(t("year"), [["", t("all")], ...[...new Set(core.reports.map((row) => row[2]))].sort((a, b) => (b ?? -1) - (a ?? -1)).map((year) => [year ?? "?", yearText(year)])], "year" in within ? within.year ?? "?" : "", (value) => { amend({ year: value }); show(); }),
      core.scheme.choices.map(([name, keys], n) => select(said(name), [["", t("all")], ...keys.map((k) => [k, said(quantities()[k].class)])], classes[n], (value) => { classes[n] = value; state.shown = PAGE; update(); })),
      provinces.length ? select(t("province"), [["", t("all")], ...provinces.map((code) => [code, t(`province_${code}`)])], state.province, change("province")) : null,
      sorter,
      h("label", { class: "check" }, h("input", { type: "checkbox", checked: state.broken === "1", onchange: (e) => change("broken")(e.target.checked ? "1" : "") }), ` ${t("only_broken")}`)),
    h("div", { class: "between" }, counted, h("p", { class: "saves" }, button("CSV", () => saveCsv("agencies", [
      [t("agency"), t("kind"), t("level"), t("region"), t("years"), t("reports"), ...quantities().flatMap((q) => [...SHARE_HEAD(), t("rank")].map((one) => `${said(q.title)}: ${one}`)), t("broken")],
      ...found().map((row) => [row.name, row.agency.kind, row.agency.level, row.agency.region, row.years.join(" "), row.reports.length, ...row.shares.flatMap((share, k) => [...(share ? shareCells(share) : ["", "", "", ""]), rankText(row.ranks[k]?.all)]), row.broken]),
    ]), { title: t("save_csv"), "data-save": "csv" }))),
    h("div", { class: "scroll" }, h("table", { class: "agencies" }, h("caption", { class: "vh" }, t("agencies")), h("thead", {}, head), body)), more,
    h("p", { class: "note" }, `${methodNote(agencyShares(within), 1)}${core.ranks && !("year" in within) ? ` ${t("rank_note")}` : ""}${core.outcomes ? ` ${t("promises")}: ${t("promises_note")}.` : ""}`));
  update();
}

const OUTCOMES = ["done", "again", "unclear", "silent"];
const SIGNS = { done: "✓", again: "↻", unclear: "~", silent: "–", returns: "↻" };
function outcomeStrip(counts) {
  const total = counts?.reduce((a, b) => a + b, 0);
  if (!total) return h("span", { class: "faint" }, "–");
  return h("span", { class: "outcomes", "data-tip": `${t("promises")}\n${OUTCOMES.map((one, k) => `${SIGNS[one]} ${t(one)}: ${counts[k]}`).join("\n")}` },
    OUTCOMES.map((one, k) => counts[k] ? h("span", { class: `outcome ${one}` }, h("i", { "aria-hidden": "true" }, SIGNS[one]), h("span", { class: "vh" }, t(one)), ` ${counts[k]}`) : null));
}
