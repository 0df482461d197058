// An agency: its years, its promises, its copied text, its figures.

async function agencyView(main, { part, query }) {
  const number = core.place.get(part);
  if (number === undefined) return nothing(main);
  const agency = core.agencies[number], reports = core.reportsOf[number];
  const about = [agency.kind && known("kind", agency.kind), agency.level && known("level", agency.level), agency.region].filter(Boolean).join(" · ");
  const year = query.get("year");
  main.append(h("p", { class: "crumb" }, h("a", { href: address("agencies") }, t("agencies"))),
    h("h1", {}, agencyName(number)), h("p", { class: "lede" }, [about, t("n_reports", { n: reports.length })].filter(Boolean).join(" · ")));
  main.append(...[plainShares().length ? yearsBeside(number) : null, ...choicesOf(number)].filter(Boolean));
  if (core.block[number] < 0) { main.append(h("p", { class: "empty" }, t("r_no_text"))); return; }
  const wait = h("p", { class: "empty" }, t("loading"));
  main.append(wait);
  const held = (await block(core.block[number]))[number];
  wait.remove();
  main.append(strips(held, year), ledger(number, held, year), copiesOf(number, held), figuresOf(held));
  if (year) main.querySelector(`[data-year="${CSS.escape(year)}"]`)?.scrollIntoView({ block: "center" });
}
function nothing(main) {
  main.append(h("h1", {}, t("broken_link")), h("p", {}, h("a", { href: address("") }, t("back"))));
}

function yearsBeside(number) {
  const rows = agencyYears.get(number) ?? [];
  const points = (k) => rows.filter((row) => row[1] !== null).map((row) => ({ year: row[1], reports: shareAt(row, 2, k).n, share: shareAt(row, 2, k) }));
  const every = new Map((rowsBy("year") ?? []).map((row) => [row[0], row])), of = (year, k) => shareAt(every.get(year), 1, k);
  const end = (k) => mostOf([...rows.flatMap((row) => [shareAt(row, 2, k), { value: of(row[1], k)?.value }]), { value: whole(k).value }]);
  return figure({
    name: "years", heading: t("a_years"), sub: t("a_years_sub"), note: methodNote(rows, 2),
    draw: (width) => {
      const shown = plainShares().length, columns = width > 1000 && shown > 2 ? 3 : width > 560 && shown > 1 ? 2 : 1;
      const each = Math.floor((width - (columns - 1) * 28) / columns);
      return h("div", { class: "multiples" }, plainShares().map((k) => h("div", {}, h("h3", {}, title(k), h("small", {}, ` ${among(k)}`)),
        points(k).length ? yearsChart(each, points(k), title(k), { height: 180, end: end(k), counts: false, middle: (year) => of(year, k) }) : h("p", { class: "empty" }, t("year_not_found")))));
    },
    rows: () => [[t("year"), t("choose"), ...SHARE_HEAD(), t("of_corpus")], ...quantities().flatMap((q, k) => rows.map((row) => [yearText(row[1]), said(q.title), ...shareCells(shareAt(row, 2, k)), asShare(of(row[1], k)?.value)]))],
  });
}
function choicesOf(number) {
  const row = core.shares.agency.find((one) => one[0] === number);
  return core.scheme.choices.map(([name, keys], n) => {
    const rows = keys.map((k) => ({ name: said(quantities()[k].class), share: shareAt(row, 1, k), href: address("search", undefined, { label: k, agency: agencyKey(number) }) }));
    return row && rows.some((one) => one.share.value !== null) ? figure({
      name: `choice-${n}`, heading: said(name), sub: t("f_choice_sub", { among: among(keys[0]), level: levelText() }), note: methodNote([row], 1, keys),
      draw: (width) => rowsChart(width, rows, said(name), null),
      rows: () => [[said(name), ...SHARE_HEAD()], ...rows.map((one) => [one.name, ...shareCells(one.share)])],
    }) : null;
  }).filter(Boolean);
}

function strips(held, year) {
  const legend = kindLegend();
  return figure({
    name: "reports", heading: t("a_strips"), controls: legend,
    draw: (width) => h("div", { class: "strips" }, held.reports.map((report) => h("div", { class: String(report.year) === year ? "strip-row chosen" : "strip-row", "data-year": report.year },
      h("a", { class: "strip-name", href: address("report", report.id) }, yearText(report.year), h("small", {}, t("n_sentences", { n: report.s.length }))),
      report.s.length ? strip(report, Math.max(120, width - (width > 560 ? 150 : 0))) : h("span", { class: "faint" }, t("r_no_sentences"))))),
    rows: () => [[t("year"), ...core.scheme.kinds.map((_, k) => kindTitle(k)), t("none_kind")], ...held.reports.map((report) => [yearText(report.year), ...[...core.scheme.kinds.keys(), -1].map((k) => report.s.filter((one) => one[2] === k).length)])],
  });
}
function kindLegend(toggle) {
  return h("ul", { class: "legend" }, core.scheme.kinds.map((_, k) => {
    const inside = [h("i", { class: `mark k${k}`, "aria-hidden": "true" }, kindMark(k)), ` ${kindTitle(k)}`];
    return h("li", {}, toggle ? button(inside, (e) => toggle(k, e.currentTarget), { "aria-pressed": "false", "data-kind": k }) : inside);
  }));
}

function sentenceLink(held, place) {
  if (!place) return null;
  const report = held.reports[place[0]];
  return report ? address("report", report.id, { s: place[1] }) : null;
}
const reportYear = (held, place) => (place ? held.reports[place[0]]?.year ?? null : null);

function ledger(number, held, year) {
  const node = h("section", { class: "block" }, h("h2", {}, t("a_ledger")));
  const rows = held.ledger.filter((row) => row[0] === 0);
  if (!rows.length) { node.append(h("p", { class: "empty" }, t(core.outcomes ? "a_none_ledger" : "a_no_search"))); return node; }
  let chosen = "", shown = 30;
  const body = h("div", { class: "ledger", role: "list" }), more = h("p", { class: "more" });
  const counts = OUTCOMES.map((one) => rows.filter((row) => row[8] === one).length);
  const draw = () => {
    const fit = rows.filter((row) => !chosen || row[8] === chosen);
    body.replaceChildren(...fit.slice(0, shown).map((row) => {
      const [, place, text, when, checkable, later, next, score, outcome, review] = row;
      const link = sentenceLink(held, place), nextLink = sentenceLink(held, later);
      return h("article", { class: "entry", role: "listitem" },
        h("div", {}, h("p", { class: "over" }, t("promised_in", { year: yearText(reportYear(held, place)) })), h("blockquote", {}, link ? h("a", { href: link }, text) : text),
          h("p", { class: "under-line" }, [t(`when_${when}`), checkable ? t("checkable") : null].filter(Boolean).join(" · "))),
        h("div", { class: `verdict ${outcome}` }, h("i", { "aria-hidden": "true" }, SIGNS[outcome] ?? "?"), h("span", {}, known0(outcome)), review ? h("small", { title: t("review") }, `? ${t("review")}`) : null),
        h("div", {}, h("p", { class: "over" }, t("next_year")), next ? h("blockquote", {}, nextLink ? h("a", { href: nextLink }, next) : next) : h("p", { class: "faint" }, "—"),
          next ? h("p", { class: "under-line" }, t("likeness", { n: (score / 100).toFixed(2) })) : null));
    }));
    more.replaceChildren(...(fit.length > shown ? [button(t("show_all", { n: fit.length }), () => { shown = 1e9; draw(); }, { class: "wide" })] : []));
  };
  node.append(h("p", { class: "note" }, t("a_ledger_note")),
    h("div", { class: "between" }, tabs(t("promises"), [["", `${t("all")} ${rows.length}`], ...OUTCOMES.map((one, k) => [one, `${SIGNS[one]} ${t(one)} ${counts[k]}`])], "", (key) => { chosen = key; draw(); }),
      h("p", { class: "saves" }, button("CSV", () => saveCsv("promises", [[t("year"), t("promises"), t("next_year"), t("kind"), "score"], ...rows.map((row) => [yearText(reportYear(held, row[1])), row[2], row[6], known0(row[8]), row[7] / 100])]), { title: t("save_csv"), "data-save": "csv" }))),
    body, more);
  draw();
  return node;
}
const known0 = (key) => (WORDS[key] ? t(key) : key);

function copiesOf(number, held) {
  const node = h("section", { class: "block" }, h("h2", {}, t("a_copies")));
  if (!held.copies.length) { node.append(h("p", { class: "empty" }, t(core.copied ? "a_none_copies" : "a_no_search"))); return node; }
  const of = (kind) => held.copies.filter((row) => row[0] === kind).sort((a, b) => (b[1]?.[0] ?? 0) - (a[1]?.[0] ?? 0) || b[6] - a[6]);
  let chosen = of("other").length ? "other" : "own", shown = 20;
  const body = h("div", { class: "ledger copies", role: "list" }), more = h("p", { class: "more" });
  const draw = () => {
    const rows = of(chosen);
    body.replaceChildren(...rows.slice(0, shown).map((row) => copyEntry(held, row)));
    more.replaceChildren(...(rows.length > shown ? [button(t("show_all", { n: rows.length }), () => { shown = 1e9; draw(); }, { class: "wide" })] : []));
  };
  node.append(h("p", { class: "note" }, t("a_copies_note")),
    h("div", { class: "between" }, tabs(t("a_copies"), [["other", `${t("other_text")} ${of("other").length}`], ["own", `${t("own_text")} ${of("own").length}`]], chosen, (key) => { chosen = key; shown = 20; draw(); }),
      h("p", { class: "saves" }, button("CSV", () => saveCsv("copies", [[t("year"), t("this_report"), t("r_source"), t("agency"), t("year"), "similarity"], ...held.copies.map((row) => [yearText(reportYear(held, row[1])), textAt(held, row[1]), row[5], row[2] < 0 ? "" : agencyName(row[2]), row[3], row[6] / 100])]), { title: t("save_csv"), "data-save": "csv" }))),
    body, more);
  draw();
  return node;
}
const textAt = (held, place) => (place ? held.reports[place[0]]?.s[place[1]]?.[5] ?? "" : "");
function copyEntry(held, row) {
  const [kind, place, agency, year, report, source, similarity, edited, kept, direction] = row;
  const mine = textAt(held, place), [before, after] = marked(source, mine);
  const from = kind === "own" ? t("from_own", { year: yearText(year) }) : t("from_other", { agency: agency < 0 ? t("not_found") : agencyName(agency), year: yearText(year) });
  return h("article", { class: "entry", role: "listitem" },
    h("div", {}, h("p", { class: "over" }, reportAt.has(report) ? h("a", { href: address("report", report) }, from) : from, kind === "other" ? ` · ${t(direction === "from" ? "dir_from" : direction === "to" ? "dir_to" : "dir_null")}` : ""), h("blockquote", {}, before)),
    h("div", { class: "verdict" }, h("i", { "aria-hidden": "true" }, direction === "to" ? "←" : "→"), h("span", {}, t(source === mine ? "identical" : edited ? "edited" : "verbatim")), kept ? h("small", {}, t("figures_kept")) : null),
    h("div", {}, h("p", { class: "over" }, `${t("this_report")}, ${yearText(reportYear(held, place))}`), h("blockquote", {}, sentenceLink(held, place) ? h("a", { href: sentenceLink(held, place) }, after) : after), h("p", { class: "under-line" }, t("likeness", { n: (similarity / 100).toFixed(2) }))));
}

function figuresOf(held) {
  const node = h("section", { class: "block" }, h("h2", {}, t("a_figures")));
  if (!held.rates.length) { node.append(h("p", { class: "empty" }, t("a_none_figures"))); return node; }
  const by = new Map();
  for (const row of held.rates) { if (!by.has(row[0])) by.set(row[0], []); by.get(row[0]).push(row); }
  const shares = [...by].filter(([k]) => core.rates[k][3] === "share").sort((a, b) => a[0] - b[0]);
  const other = [...by].filter(([k]) => core.rates[k][3] !== "share").sort((a, b) => a[0] - b[0]);
  const points = (rows) => rows.filter((row) => row[1] !== null).sort((a, b) => a[1] - b[1]).map(([, year, value, low, high, top, bottom, wrong, note]) => ({
    year, reports: `${top ?? "–"}/${bottom ?? "–"}`, ring: Boolean(wrong), more: [`${top} / ${bottom}`, wrong ? `⚠ ${wrong}` : null, note].filter(Boolean).join("\n"),
    share: { value: Math.round(1e4 * value), low: low === null ? null : Math.round(1e4 * low), high: high === null ? null : Math.round(1e4 * high), n: bottom ?? 0 } }));
  const plot = figure({
    name: "figures", heading: t("a_figures"), level: "h2", sub: t("a_figures_note", { level: levelText() }),
    draw: (width) => {
      const columns = Math.max(1, Math.floor((width + 24) / 264)), each = Math.floor((width - (columns - 1) * 24) / columns);
      return h("div", { class: "multiples tight" }, shares.map(([k, rows]) => h("div", {}, h("h3", {}, core.rates[k][side() + 1]), yearsChart(each, points(rows), core.rates[k][side() + 1], { height: 140, end: 10_000, forms: false, counts: false }))));
    },
    rows: () => [[t("year"), t("value"), t("low"), t("high"), "top", "bottom", t("broken"), "indicator"], ...held.rates.map((row) => [yearText(row[1]), row[2], row[3], row[4], row[5], row[6], row[7], core.rates[row[0]][side() + 1]])],
  });
  return h("div", {}, plot, other.length ? h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("a_figures") }, h("table", { class: "plain-table" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), [...new Set(other.flatMap(([, rows]) => rows.map((row) => row[1])))].sort().map((year) => h("th", { scope: "col", class: "n" }, yearText(year))))),
    h("tbody", {}, other.map(([k, rows]) => h("tr", {}, h("th", { scope: "row" }, core.rates[k][side() + 1]), [...new Set(other.flatMap(([, one]) => one.map((row) => row[1])))].sort().map((year) => { const row = rows.find((one) => one[1] === year); return h("td", { class: "n" }, row ? (Number.isInteger(row[2]) ? count(row[2]) : row[2].toFixed(2)) : "–"); })))))) : null);
}
