// A report: its sentences in place, last year's beside it, its tables, what reading noticed.

async function reportView(main, { part, query }) {
  const about = reportAt.get(part);
  if (!about) return nothing(main);
  const view = query.get("view") ?? "text";
  const years = core.reportsOf[about.agency].filter((one) => one.year !== null);
  const before = years.find((one) => one.year === about.year - 1), after = years.find((one) => one.year === about.year + 1);
  const link = (one, key) => one ? h("a", { rel: key, href: address("report", one.id, { view: view === "text" ? null : view }) }, key === "prev" ? `← ${one.year}` : `${one.year} →`) : null;
  main.append(h("p", { class: "crumb" }, h("a", { href: address("agencies") }, t("agencies")), " / ", h("a", { href: agencyLink(about.agency) }, agencyName(about.agency))));
  const heading = h("h1", {}, t("r_title", { agency: agencyName(about.agency), year: yearText(about.year) }));
  main.append(heading);
  if (core.block[about.agency] < 0) { main.append(h("p", { class: "empty" }, t("r_no_text"))); return; }
  const wait = h("p", { class: "empty" }, t("loading"));
  main.append(wait);
  const held = (await block(core.block[about.agency]))[about.agency];
  wait.remove();
  const at = held.reports.findIndex((one) => one.id === part), report = held.reports[at];
  const last = before ? held.reports.find((one) => one.id === before.id) : null;
  main.append(h("p", { class: "meta" }, [
    report.title ? h("span", { lang: "zh" }, report.title) : null,
    report.published ? h("span", {}, t("r_published", { date: report.published })) : null,
    report.form ? h("span", {}, t("r_form", { form: report.form })) : null,
    h("span", {}, `${t("r_source")}: `, report.link ? h("a", { href: report.link }, report.source) : h("code", {}, report.source)),
    report.url ? h("span", {}, `${t("r_url")} `, h("a", { href: report.url, rel: "noreferrer noopener" }, report.url.replace(/^https?:\/\//, "").slice(0, 60))) : null,
  ].filter(Boolean)));
  const views = [["text", t("r_text")], last ? ["diff", t("r_diff", { year: last.year })] : null, ["tables", t("r_tables")]].filter(Boolean);
  const place = h("div", { class: "report-body" });
  const draw = (key) => {
    amend({ view: key === "text" ? null : key });
    place.replaceChildren(...[key === "diff" && last ? diffView(last, report) : key === "tables" ? tablesView(report) : textView(held, at, query.get("s"))].flat());
  };
  main.append(h("div", { class: "between bar" }, tabs(t("nav"), views, view, draw), h("p", { class: "pager" }, link(before, "prev"), " ", link(after, "next"),
    button("CSV", () => saveCsv("sentences", sentenceRows(report)), { title: t("save_csv"), "data-save": "csv" }))), place);
  draw(view);
  const chosen = place.querySelector("[aria-current=true]");
  if (chosen) { chosen.scrollIntoView({ block: "center" }); chosen.focus({ preventScroll: true }); }
}
const sentenceRows = (report) => [["sentence_id", t("section"), t("kind"), "page", ...core.scheme.indicators.map(said), "text"],
  ...report.s.map((one) => [sentenceId(report, one), t(`section_${core.sections[one[0]]}`), kindTitle(one[2]), one[3] || "", ...core.scheme.indicators.map((_, k) => one[6 + k] / 100), one[5]])];
const sentenceId = (report, one) => (one[4].startsWith("=") ? one[4].slice(1) : `${report.id}-${one[4]}`);

// Runs of sentences under one section and heading.
function passages(report) {
  const found = [];
  report.s.forEach((one, k) => {
    const last = found.at(-1);
    if (last && last.section === one[0] && last.heading === one[1]) last.sentences.push(k);
    else found.push({ section: one[0], heading: one[1], sentences: [k] });
  });
  return found;
}

function textView(held, at, asked) {
  const report = held.reports[at];
  if (!report.s.length) return [h("p", { class: "empty" }, t("r_no_sentences")), noticed(report)];
  const panel = h("aside", { class: "panel", "aria-live": "polite", "aria-label": t("r_kind") }, h("p", { class: "faint" }, t("r_choose")));
  const text = h("div", { class: "text", lang: "zh" });
  const nav = h("nav", { class: "sections", "aria-label": t("r_sections") }, h("p", { class: "over" }, t("r_sections")));
  const links = new Map();
  for (const row of held.ledger) if (row[1]?.[0] === at && row[0] === 0) links.set(row[1][1], { ledger: row });
  for (const row of held.copies) if (row[1]?.[0] === at) links.set(row[1][1], { ...links.get(row[1][1]), copies: [...(links.get(row[1][1])?.copies ?? []), row] });
  let section = null, seen = new Map();
  for (const part of passages(report)) {
    if (part.section !== section) {
      section = part.section;
      const times = (seen.get(section) ?? 0) + 1;
      seen.set(section, times);
      const id = `section-${section}-${times}`, name = t(`section_${core.sections[section]}`);
      text.append(h("h2", { id, lang: side() ? "zh" : "en" }, name));
      const n = report.s.filter((one) => one[0] === section).length;
      if (times === 1) nav.append(button([h("span", {}, name), h("small", {}, n)], () => $(id).scrollIntoView({ behavior: "smooth" })));
    }
    const heading = report.headings[part.heading];
    if (heading) text.append(h("h3", {}, heading));
    text.append(h("p", {}, part.sentences.map((k) => sentence(k))));
  }
  function sentence(k) {
    const one = report.s[k], kind = one[2], [first = ""] = one[5];
    return h("span", { class: `s k${kind}`, id: `s${k}`, tabindex: 0, role: "button", "aria-current": String(k) === asked ? "true" : null, "data-kind": kind,
      onclick: () => choose(k), onkeydown: (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(k); } } },
      // The mark stays with the first character.
      h("span", { class: "head" }, kind >= 0 ? h("i", { class: "mark", "aria-hidden": "true" }, kindMark(kind)) : null, h("span", { class: "vh" }, `${kindTitle(kind)}: `), first), one[5].slice(first.length));
  }
  function choose(k) {
    for (const other of text.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    $(`s${k}`)?.setAttribute("aria-current", "true");
    amend({ s: k });
    panel.replaceChildren(...inspect(held, report, k, links.get(k)));
    panel.classList.add("open");
  }
  const dimmed = (kind, control) => {
    const on = control.getAttribute("aria-pressed") !== "true";
    for (const other of control.closest("ul").querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
    control.setAttribute("aria-pressed", String(on));
    text.dataset.only = on ? kind : "";
    for (const node of text.querySelectorAll(".s")) node.classList.toggle("dim", on && node.dataset.kind !== String(kind));
  };
  if (asked !== null && report.s[asked]) { panel.replaceChildren(...inspect(held, report, Number(asked), links.get(Number(asked)))); panel.classList.add("open"); }
  return [kindLegend(dimmed), h("div", { class: "columns" }, nav, text, panel), noticed(report)];
}

function inspect(held, report, k, links) {
  const one = report.s[k];
  const scores = core.scheme.indicators.map((name, j) => [said(name), one[6 + j]]).filter(([, v], j) => core.scheme.indicators.length <= 4 || v >= 1);
  return [
    button("×", (e) => e.currentTarget.closest(".panel").classList.remove("open"), { class: "close", "aria-label": "Esc" }),
    h("p", { class: "over" }, t("r_kind")), h("p", { class: "kind-name" }, h("i", { class: `mark k${one[2]}`, "aria-hidden": "true" }, one[2] >= 0 ? kindMark(one[2]) : "·"), ` ${kindTitle(one[2])}`),
    h("p", { class: "over" }, t("r_scores")), h("dl", { class: "scores" }, scores.map(([name, v]) => [h("dt", {}, name), h("dd", {}, small({ value: 100 * v, low: null }, 10_000, null, 110), h("b", {}, (v / 100).toFixed(2)))])),
    h("p", { class: "faint tiny" }, t("r_scores_note")),
    h("p", { class: "tiny" }, [t(`section_${core.sections[one[0]]}`), one[3] ? t("r_page", { n: one[3] }) : null].filter(Boolean).join(" · "), h("br"), h("code", {}, sentenceId(report, one))),
    links?.ledger ? [h("p", { class: "over" }, t("r_became")), h("p", { class: `verdict inline ${links.ledger[8]}` }, h("i", { "aria-hidden": "true" }, SIGNS[links.ledger[8]]), h("span", {}, known0(links.ledger[8]))),
      links.ledger[6] ? h("blockquote", { lang: "zh" }, sentenceLink(held, links.ledger[5]) ? h("a", { href: sentenceLink(held, links.ledger[5]) }, links.ledger[6]) : links.ledger[6]) : null] : null,
    links?.copies ? [h("p", { class: "over" }, t("r_before")), links.copies.slice(0, 3).map((row) => {
      const from = row[0] === "own" ? t("from_own", { year: yearText(row[3]) }) : t("from_other", { agency: row[2] < 0 ? t("not_found") : agencyName(row[2]), year: yearText(row[3]) });
      return [h("p", { class: "tiny" }, reportAt.has(row[4]) ? h("a", { href: address("report", row[4]) }, from) : from, ` · ${t("likeness", { n: (row[6] / 100).toFixed(2) })}`), h("blockquote", { lang: "zh" }, marked(row[5], one[5])[0])];
    })] : null,
  ].flat(Infinity).filter(Boolean);
}

function noticed(report) {
  return h("section", { class: "block" }, h("h2", {}, t("r_problems")), report.problems.length
    ? h("ul", { class: "problems" }, report.problems.map(([severity, code, where, message]) => h("li", {}, h("b", { class: `severity ${severity}` }, known("severity", severity)), " ", said(core.advice[code]), " ", h("small", {}, h("code", {}, code ?? ""), " ", h("span", { lang: "en" }, message)), where ? h("small", {}, ` ${where}`) : null)))
    : h("p", { class: "faint" }, t("r_no_problems")));
}

// What two texts share, by characters (longest common subsequence); long ones are compared by their ends only.
function marked(before, after) {
  const a = [...before], b = [...after];
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const x = a.slice(start, a.length - end), y = b.slice(start, b.length - end);
  const shared = x.length * y.length > 250_000 ? [] : common(x, y);
  const side_ = (all, own, tag, which) => {
    const out = [all.slice(0, start).join("")];
    let from = 0, run = "";
    const flush = () => { if (run) out.push(h(tag, {}, run)); run = ""; };
    for (const pair of [...shared, null]) {
      const to = pair ? pair[which] : own.length;
      run += own.slice(from, to).join("");
      if (pair) { flush(); out.push(own[to]); from = to + 1; }
    }
    flush();
    out.push(all.slice(all.length - end).join(""));
    return out.filter((one) => one !== "");
  };
  return [side_(a, x, "del", 0), side_(b, y, "ins", 1)];
}
function common(x, y) {
  const n = x.length, m = y.length, table = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) table[i][j] = x[i] === y[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const pairs = [];
  for (let i = 0, j = 0; i < n && j < m;) if (x[i] === y[j]) pairs.push([i++, j++]); else if (table[i + 1][j] >= table[i][j + 1]) i++; else j++;
  // A single character shared between changes reads as noise: only runs of two or more count as kept.
  return pairs.filter(([i, j], k) => (pairs[k - 1]?.[0] === i - 1 && pairs[k - 1]?.[1] === j - 1) || (pairs[k + 1]?.[0] === i + 1 && pairs[k + 1]?.[1] === j + 1));
}

// Sentences of two reports, aligned: equal ones first, then the most alike of a section by pairs of characters (Dice).
function aligned(last, report) {
  const pairsOf = (text) => { const bare = text.replace(/[\s\d０-９]/g, ""); const set = new Map(); for (let k = 0; k + 1 < bare.length; k++) { const key = bare.slice(k, k + 2); set.set(key, (set.get(key) ?? 0) + 1); } return set; };
  const dice = (a, b) => { let both = 0, all = 0; for (const [key, n] of a) { both += Math.min(n, b.get(key) ?? 0); all += n; } for (const n of b.values()) all += n; return all ? 2 * both / all : 0; };
  const old = last.s.map((one) => pairsOf(one[5])), now = report.s.map((one) => pairsOf(one[5]));
  const candidates = [];
  report.s.forEach((one, j) => last.s.forEach((other, i) => {
    const alike = one[5] === other[5] ? 1.2 : dice(old[i], now[j]);
    const bonus = one[0] === other[0] ? 0.05 : 0;
    if (alike >= 0.4) candidates.push([alike + bonus - Math.abs(i / last.s.length - j / report.s.length) * 0.02, i, j]);
  }));
  candidates.sort((a, b) => b[0] - a[0]);
  const of = new Map(), usedOld = new Set();
  for (const [, i, j] of candidates) if (!of.has(j) && !usedOld.has(i)) { of.set(j, i); usedOld.add(i); }
  const rows = [];
  const gone = (section) => last.s.forEach((one, i) => { if (one[0] === section && !usedOld.has(i)) { usedOld.add(i); rows.push([i, null]); } });
  report.s.forEach((one, j) => {
    rows.push([of.get(j) ?? null, j]);
    if (report.s[j + 1]?.[0] !== one[0]) gone(one[0]);
  });
  last.s.forEach((one, i) => { if (!usedOld.has(i)) rows.push([i, null]); });
  return rows;
}
function diffView(last, report) {
  const rows = aligned(last, report);
  const state = ([i, j]) => (j === null ? "gone" : i === null ? "new" : last.s[i][5] === report.s[j][5] ? "same" : "edited");
  const counts = { same: 0, edited: 0, new: 0, gone: 0 };
  for (const row of rows) counts[state(row)]++;
  const body = h("div", { class: "diff", lang: "zh" });
  let section = null;
  for (const row of rows) {
    const [i, j] = row, one = j === null ? last.s[i] : report.s[j], now = state(row);
    if (one[0] !== section) { section = one[0]; body.append(h("h2", { lang: side() ? "zh" : "en" }, t(`section_${core.sections[section]}`))); }
    const [before, after] = now === "edited" ? marked(last.s[i][5], report.s[j][5]) : [i === null ? null : last.s[i][5], j === null ? null : report.s[j][5]];
    const cell = (content, kind, from, at, other) => content === null ? h("div", { class: "side void" }, h("span", { class: "vh" }, t(`r_${now}`))) : h("div", { class: "side" }, h("a", { class: `s k${kind}`, href: address("report", from.id, { s: at }) }, kind >= 0 ? h("i", { class: "mark", "aria-hidden": "true" }, kindMark(kind)) : null, h("span", { class: "vh" }, `${kindTitle(kind)}: `), content));
    body.append(h("div", { class: `pair ${now}` }, cell(before, i === null ? -1 : last.s[i][2], last, i), h("span", { class: "state" }, t(`r_${now}`)), cell(after, j === null ? -1 : report.s[j][2], report, j)));
  }
  const sum = t("r_diff_sum", counts);
  return [h("div", { class: "between" }, h("p", { class: "note" }, sum), h("p", { class: "saves" }, button("CSV", () => saveCsv("diff", [[String(last.year), String(report.year), t("kind")], ...rows.map((row) => [row[0] === null ? "" : last.s[row[0]][5], row[1] === null ? "" : report.s[row[1]][5], t(`r_${state(row)}`)])]), { title: t("save_csv"), "data-save": "csv" }))),
    h("div", { class: "diff-head", "aria-hidden": "true" }, h("b", {}, yearText(last.year)), h("b", {}, yearText(report.year))), body];
}

// The statutory tables as printed, each cell with how it was read.
const APPLICANTS = ["natural_person", "business", "research", "nonprofit", "legal_service", "other_org", "total"];
const GROUPS = { state_secret: ["g_refused", 8], not_held: ["g_cannot", 3], petition: ["g_not_processed", 5] };
const REQUEST_ROWS = ["new_requests", "carried_in", "granted", "partly_granted", "state_secret", "prohibited_by_law", "security_stability", "third_party", "internal_affairs", "deliberative", "enforcement_file", "administrative_query", "not_held", "would_need_creating", "unclear_after_correction", "petition", "repeated", "published_material", "excessive_repetition", "confirm_or_reissue", "other_handling", "not_corrected_in_time", "fee_not_paid", "other", "total_handled", "carried_out"];
function tablesView(report) {
  const [plainly, others] = report.cells;
  if (!plainly.length && !others.length) return [h("p", { class: "empty" }, t("no_tables")), noticed(report)];
  const cells = new Map(others.map(([name, ...rest]) => [core.cells[name], [core.cells[name], ...rest]]));
  for (let k = 0; k < plainly.length; k += 2) cells.set(core.cells[plainly[k]], [core.cells[plainly[k]], plainly[k + 1]]);
  const broken = new Set();
  for (const [rule] of report.broken) {
    const [name, key] = rule.split(":");
    if (name === "requests.row") for (const one of APPLICANTS) broken.add(`requests.${key}.${one}`);
    if (name === "requests.handled") broken.add(`requests.total_handled.${key}`);
    if (name === "requests.balance") for (const row of ["new_requests", "carried_in", "total_handled", "carried_out"]) broken.add(`requests.${row}.${key}`);
    if (name === "disputes.total") for (const one of ["upheld", "corrected", "other", "pending", "total"]) broken.add(`disputes.${key}.${one}`);
  }
  const parts = ["proactive", "requests", "disputes"].map((table) => {
    const names = [...cells.keys()].filter((name) => name.startsWith(`${table}.`)).map((name) => name.split(".").slice(1));
    if (!names.length) return null;
    const inOrder = (found, order) => [...order.filter((one) => found.includes(one)), ...found.filter((one) => !order.includes(one))];
    const rows = inOrder([...new Set(names.map(([row]) => row))], table === "requests" ? REQUEST_ROWS : []);
    const columns = inOrder([...new Set(names.map(([, column]) => column))], table === "requests" ? APPLICANTS : []);
    const rowName = (row) => known0(table === "disputes" ? `b_${row}` : row), columnName = (column) => known0(table === "disputes" && column === "other" ? "d_other" : column);
    return h("section", { class: "block" }, h("div", { class: "between" }, h("h2", {}, t(`t_${table}`)),
      h("p", { class: "saves" }, button("CSV", () => saveCsv(table, [["", ...columns.map(columnName)], ...rows.map((row) => [rowName(row), ...columns.map((column) => cells.get(`${table}.${row}.${column}`)?.[1] ?? "")])]), { title: t("save_csv"), "data-save": "csv" }))),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t(`t_${table}`) }, h("table", { class: "printed" },
        h("thead", {}, h("tr", {}, h("td", {}), columns.map((column) => h("th", { scope: "col" }, columnName(column))))),
        h("tbody", {}, rows.map((row) => [table === "requests" && GROUPS[row] ? h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: columns.length + 1 }, t(GROUPS[row][0]))) : null,
          h("tr", { class: row.startsWith("total") ? "sum" : null }, h("th", { scope: "row" }, rowName(row)), columns.map((column) => printedCell(cells.get(`${table}.${row}.${column}`), broken.has(`${table}.${row}.${column}`))))])))));
  });
  const [hold, wrong, open] = report.checks;
  return [h("p", { class: "cell-legend" }, h("b", {}, t("c_legend")), h("span", { class: "key" }, "12 ", t("c_printed")), h("span", { class: "key recovered" }, h("span", {}, "12"), " ", t("c_recovered")), h("span", { class: "key blank" }, h("span", {}, "·"), " ", t("c_blank")), h("span", { class: "key wrong" }, h("span", {}, "12"), ` ${t("broken")}`)),
    ...parts.filter(Boolean),
    h("section", { class: "block" }, h("h2", {}, t("broken")), h("p", { class: "note" }, `${t("r_checks", { hold, broken: wrong, open })}. ${wrong ? t("r_broken_note") : ""}`),
      wrong ? h("ul", { class: "problems" }, report.broken.map(([rule, left, right, where, note]) => h("li", {}, h("code", {}, rule), " ", h("b", { class: "warn" }, t("r_left", { left: left ?? "–", right: right ?? "–" })), where ? h("small", {}, ` ${where}`) : null, note ? h("small", {}, ` ${note}`) : null))) : null),
    noticed(report)];
}
function printedCell(cell, wrong) {
  if (!cell) return h("td", { class: "absent" });
  const [name, value, raw, how, where] = cell;
  const recovered = how === "recovered", blank = value === null;
  const shown = blank ? (raw && raw.trim() && raw.trim().length < 12 ? raw : "·") : raw && raw.trim() && !recovered ? raw : count(value);
  const tip = [name, t(blank ? "c_blank" : recovered ? "c_recovered" : "c_printed"), raw ? t("c_raw", { raw }) : null, where, wrong ? `⚠ ${t("broken")}` : null].filter(Boolean).join("\n");
  const special = blank || recovered || wrong;
  return h("td", { class: [blank ? "blank" : value === 0 ? "zero" : null, recovered ? "recovered" : null, wrong ? "wrong" : null].filter(Boolean).join(" ") || null, "data-tip": tip }, h("span", {}, shown), special ? h("span", { class: "vh" }, ` (${[blank ? t("c_blank") : null, recovered ? t("c_recovered") : null, wrong ? t("broken") : null].filter(Boolean).join(", ")})`) : null);
}
