// Search: every sentence, read block by block; plain substrings need no index and no words cut from Chinese.

const SHOWN = 200, MOST = 20_000;
let searching = 0;
function searchView(main, { query }) {
  const years = [...new Set(core.reports.map((row) => row[2]))].sort((a, b) => (b ?? -1) - (a ?? -1));
  const state = Object.fromEntries(["q", "agency", "year", "section", "kind", "label", "min"].map((key) => [key, query.get(key) ?? ""]));
  const results = h("div", { class: "results" }), status = h("p", { class: "count", role: "status" }), facets = h("div", { class: "facets" });
  let hits = [];
  const csv = button("CSV", () => saveCsv("sentences", [["sentence_id", t("agency"), t("year"), t("section"), t("kind"), ...core.scheme.indicators.map(said), "text"],
    ...hits.map((one) => [sentenceId(one.report, one.s), agencyName(one.agency), yearText(one.report.year), t(`section_${core.sections[one.s[0]]}`), kindTitle(one.s[2]), ...core.scheme.indicators.map((_, k) => one.s[6 + k] / 100), one.s[5]])]), { title: t("save_csv"), "data-save": "csv" });
  const change = (key) => (value) => { state[key] = value; run(); };
  const input = h("input", { type: "search", id: "q", value: state.q, autocomplete: "off", spellcheck: "false", oninput: (e) => { state.q = e.target.value; clearTimeout(searchView.timer); searchView.timer = setTimeout(run, 200); } });
  const minimum = h("input", { type: "range", min: 0, max: 100, step: 5, value: state.min || 0, "aria-label": t("q_min"), oninput: (e) => { state.min = e.target.value === "0" ? "" : e.target.value; shownMinimum.textContent = ((state.min || 0) / 100).toFixed(2); clearTimeout(searchView.timer); searchView.timer = setTimeout(run, 200); } });
  const shownMinimum = h("output", {}, ((state.min || 0) / 100).toFixed(2));
  const agencyInput = h("input", { list: "agency-names", value: state.agency === NOWHERE ? t("agency_not_found") : state.agency, placeholder: t("all"), onchange: (e) => change("agency")(e.target.value === t("agency_not_found") ? NOWHERE : e.target.value) });
  main.append(h("h1", {}, t("nav_search")),
    h("form", { class: "filters search", role: "search", onsubmit: (e) => { e.preventDefault(); clearTimeout(searchView.timer); run(); } },
      h("label", { class: "field grow q" }, h("span", {}, t("q_label")), input, h("small", {}, t("q_hint"))),
      h("label", { class: "field" }, h("span", {}, t("agency")), agencyInput, h("datalist", { id: "agency-names" }, core.agencies.slice(0, 5000).map((_, k) => h("option", { value: agencyName(k) })))),
      select(t("year"), [["", t("all")], ...years.map((year) => [year ?? "?", yearText(year)])], state.year, change("year")),
      select(t("section"), [["", t("all")], ...core.sections.map((one) => [one, t(`section_${one}`)])], state.section, change("section")),
      select(t("kind"), [["", t("all")], ...core.scheme.kinds.map((kind, k) => [kind.key, `${kindMark(k)} ${kindTitle(k)}`])], state.kind, change("kind")),
      select(t("label"), [["", t("q_any")], ...core.scheme.indicators.map((name, k) => [k, said(name)])], state.label, change("label")),
      h("label", { class: "field" }, h("span", {}, t("q_min")), h("span", { class: "range-row" }, minimum, shownMinimum)),
      button(t("q_clear"), () => { location.hash = address("search"); }, { class: "quiet" })),
    h("div", { class: "between" }, status, h("p", { class: "saves" }, csv)), facets, results);

  async function run() {
    amend(state);
    const turn = ++searching;
    const parts = state.q.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!Object.values(state).some(Boolean)) { hits = []; status.textContent = t("q_start", { n: count(core.sentences) }); results.replaceChildren(); facets.replaceChildren(); return; }
    const section = state.section ? core.sections.indexOf(state.section) : -1, kind = state.kind ? core.scheme.kinds.findIndex((one) => one.key === state.kind) : -2;
    const agency = state.agency ? core.place.get(state.agency) ?? -9 : -1, minimum_ = Number(state.min || 0), label = state.label === "" ? -1 : Number(state.label);
    const wanted = new Map();
    core.block.forEach((number, k) => { if (number >= 0 && (agency === -1 || agency === k)) { if (!wanted.has(number)) wanted.set(number, []); wanted.get(number).push(k); } });
    const found = [];
    let total = 0, reports = 0, done = 0, shown = 0;
    const byYear = new Map(), byAgency_ = new Map();
    results.replaceChildren();
    for (const [number, agencies] of wanted) {
      const held = await block(number);
      if (turn !== searching) return;
      for (const k of agencies) for (const report of held[k].reports) {
        if (state.year && String(report.year ?? "?") !== state.year) continue;
        let any = false;
        report.s.forEach((one, at) => {
          if ((section >= 0 && one[0] !== section) || (kind !== -2 && one[2] !== kind)) return;
          if (minimum_ && !(label >= 0 ? one[6 + label] >= minimum_ : one.slice(6).some((v) => v >= minimum_))) return;
          if (label >= 0 && !minimum_ && one[6 + label] < 50) return;
          const low = parts.length ? one[5].toLowerCase() : "";
          if (!parts.every((part) => low.includes(part))) return;
          total++;
          any = true;
          if (found.length < MOST) found.push({ agency: k, report, s: one, at });
          byAgency_.set(k, (byAgency_.get(k) ?? 0) + 1);
          byYear.set(report.year, (byYear.get(report.year) ?? 0) + 1);
        });
        if (any) reports++;
      }
      done++;
      if (shown < SHOWN && found.length > shown) { results.append(...found.slice(shown, SHOWN).map((one) => line(one, parts))); shown = Math.min(SHOWN, found.length); }
      if (wanted.size > 4) status.textContent = `${t("q_hits", { n: count(total), r: count(reports) })} · ${t("q_running", { done, all: wanted.size })}`;
      if (done % 8 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    hits = found;
    status.textContent = total ? `${t("q_hits", { n: count(total), r: count(reports) })}${total > SHOWN ? ` · ${t("q_first", { n: SHOWN, max: count(MOST) })}` : ""}` : t("q_none");
    const chip = (name, n, go) => button([name, h("small", {}, count(n))], go, { class: "chip" });
    const facet = (heading, entries) => entries.length > 1 ? h("p", { class: "facet" }, h("span", { class: "over" }, heading), entries) : null;
    facets.replaceChildren(...[
      state.year ? null : facet(t("year"), [...byYear].sort((a, b) => (b[0] ?? -1) - (a[0] ?? -1)).slice(0, 16).map(([year, n]) => chip(yearText(year), n, () => go({ year: year ?? "?" })))),
      state.agency ? null : facet(t("agency"), [...byAgency_].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([k, n]) => chip(agencyName(k), n, () => go({ agency: agencyKey(k) })))),
    ].filter(Boolean));
  }
  const go = (changes) => { location.hash = address("search", undefined, { ...state, ...changes }); };
  run();
  if (!state.q) input.focus({ preventScroll: true });
}
function line({ agency, report, s: one, at }, parts) {
  const text = one[5], low = text.toLowerCase(), first = parts[0] ? low.indexOf(parts[0]) : -1;
  const href = address("report", report.id, { s: at });
  const where = h("span", { class: "where" }, h("a", { href: agencyLink(agency) }, agencyName(agency)), ` ${report.year ?? "?"} · ${t(`section_${core.sections[one[0]]}`)}`);
  const mark = h("i", { class: `mark k${one[2]}`, title: kindTitle(one[2]), "aria-hidden": "true" }, one[2] >= 0 ? kindMark(one[2]) : "·");
  const hidden = h("span", { class: "vh" }, `${kindTitle(one[2])}: `);
  if (first < 0) return h("article", { class: "hit-line plain" }, mark, h("a", { class: "whole", href, lang: "zh" }, hidden, text), where);
  const end = first + parts[0].length;
  const around = (piece) => parts.length < 2 ? piece : emphasised(piece, parts.slice(1));
  return h("article", { class: "hit-line" }, mark, h("a", { class: "kwic", href, lang: "zh" }, hidden, h("span", { class: "left" }, h("bdi", {}, around(text.slice(0, first)))), h("mark", {}, text.slice(first, end)), h("span", { class: "right" }, around(text.slice(end)))), where);
}
function emphasised(piece, parts) {
  const low = piece.toLowerCase();
  const [at, part] = parts.map((one) => [low.indexOf(one), one]).filter(([k]) => k >= 0).sort((a, b) => a[0] - b[0])[0] ?? [-1];
  return at < 0 ? piece : [piece.slice(0, at), h("mark", {}, piece.slice(at, at + part.length)), emphasised(piece.slice(at + part.length), parts)];
}
