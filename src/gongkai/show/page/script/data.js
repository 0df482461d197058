// The core, and blocks with the text of agencies, which are loaded when they are asked for.

const waiting = new Map();
function take(key, value) {
  const held = typeof value === "string" ? JSON.parse(value) : value;
  if (key === "core") core = held;
  else waiting.get(key)?.done(held);
}
let core;

function start() {
  const inline = $("core");
  if (inline) core = JSON.parse(inline.textContent);
  else {
    core = window.gongkai?.held?.get("core");
    window.gongkai = take;
  }
  return Boolean(core);
}

function fetched(key) {
  return new Promise((resolve, reject) => {
    const script = h("script", { src: `data/${key}.js` });
    waiting.set(key, { done: (value) => { waiting.delete(key); script.remove(); resolve(value); } });
    script.onerror = () => reject(new Error(t("load_failed")));
    document.head.append(script);
  });
}
// A block at a time is kept by name, the last few: a search through many leaves nothing behind.
const kept = new Map();
const KEEP = 6;
function block(number) {
  if (kept.has(number)) return kept.get(number);
  const inline = $(`block-${number}`);
  const loaded = inline ? Promise.resolve().then(() => JSON.parse(inline.textContent)) : fetched(number);
  kept.set(number, loaded);
  if (kept.size > KEEP) kept.delete(kept.keys().next().value);
  return loaded;
}

// Rows of shares: keys, cluster, then value, low, high, n of each quantity.
const quantities = () => core.scheme.quantities;
// Value, low, high, n, and by how many coded sentences it is corrected.
const WIDTH = 5;
const corrects = () => core.method !== "count";
// Coded sentences in what is counted; in uncounted sections they correct nothing.
const codedInAll = () => Math.max(0, ...quantities().map((_, k) => whole(k)?.coded ?? 0)) || core.coded;
function shareAt(row, keys, quantity) {
  if (!row) return null;
  const at = keys + 1 + WIDTH * quantity;
  return { value: row[at], low: row[at + 1], high: row[at + 2], n: row[at + 3] ?? 0, coded: row[at + 4] ?? 0, cluster: row[keys] };
}
// Rows of shares by an axis (null for none) within filters, without the filters' keys; null where they are not told apart.
const AXES = ["section", "year", "province", "level"];
function rowsBy(axis, within = {}) {
  const by = AXES.filter((one) => one === axis || one in within), held = core.shares[by.join(",")];
  return held?.filter((row) => by.every((one, k) => one === axis || row[k] === within[one]))
    .map((row) => [...(axis ? [row[by.indexOf(axis)]] : []), ...row.slice(by.length)]) ?? null;
}
const without = (within, axis) => Object.fromEntries(Object.entries(within).filter(([key]) => key !== axis));
const isIn = (agency, within) => (!("province" in within) || provinceOf(agency.region_code) === within.province) && (!("level" in within) || (agency.level ?? null) === within.level);
const agencyShares = (within = {}) => ("year" in within ? core.shares["agency,year"].filter((row) => row[1] === within.year).map(([agency, , ...rest]) => [agency, ...rest]) : core.shares.agency)
  .filter((row) => row[0] < 0 || isIn(core.agencies[row[0]], within));
const reportsIn = (within) => core.reports.filter((row) => (!("year" in within) || row[2] === within.year) && isIn(core.agencies[row[1]], within));
const whole = (quantity, within) => shareAt(rowsBy(null, within)[0], 0, quantity);
// Quantities that are no class of a choice.
const plainShares = () => quantities().flatMap((q, k) => (q.class ? [] : [k]));
// The years of each agency: a file of their own in a folder, which only views of a year or an agency need.
let agencyYears, reportAt;
async function loadYears() {
  if (agencyYears) return;
  core.shares["agency,year"] ??= await fetched("years");
  agencyYears = new Map();
  for (const row of core.shares["agency,year"]) {
    if (!agencyYears.has(row[0])) agencyYears.set(row[0], []);
    agencyYears.get(row[0]).push(row);
  }
  for (const rows of agencyYears.values()) rows.sort((a, b) => (a[1] ?? 1e9) - (b[1] ?? 1e9));
}
function index() {
  core.reportsOf = core.agencies.map(() => []);
  reportAt = new Map();
  for (const row of core.reports) {
    const [id, agency, year, form, n, broken, published] = row;
    const report = { id, agency, year, form, n, broken, published };
    reportAt.set(id, report);
    core.reportsOf[agency].push(report);
  }
  core.place = new Map(core.agencies.map((agency, number) => [agencyKey(number), number]));
}
const NOWHERE = "~";
const agencyKey = (number) => core.agencies[number].name ?? NOWHERE;
function agencyName(number) {
  const name = core.agencies[number]?.name;
  return name === null || name === undefined ? t("agency_not_found") : name || t("empty_name");
}
const agencyLink = (number, query) => address("agency", agencyKey(number), query);
const title = (quantity) => said(quantities()[quantity].title);
const among = (quantity) => {
  const pair = quantities()[quantity].among;
  const own = quantities()[quantity].sections, counted = core.sections.filter((one) => !core.scheme.uncounted.includes(one));
  const sections = own.length ? own : counted.length < 4 ? counted : [];
  return pair ? t("of_among", { among: said(pair) }) : sections.length ? t("of_sections", { sections: sections.map((one) => t(`section_${one}`)).join(side() ? "、" : ", ") }) : t("of_all");
};
const levelText = () => `${Math.round(100 * core.level)}%`;
const intervalText = (share) => share.low === null ? t("no_interval") : t("interval", { level: levelText(), low: percent(share.low), high: percent(share.high) });
const readText = (share) => (share.coded ? t("by_coded", { n: count(share.coded) }) : t("by_count"));
const tipOf = (name, share) => `${name}\n${percent(share.value)}\n${intervalText(share)}\nn = ${count(share.n)}${corrects() && share.coded !== undefined ? `\n${readText(share)}` : ""}`;
const provinceOf = (code) => (typeof code === "string" && WORDS[`province_${code.slice(0, 2)}`] ? code.slice(0, 2) : null);
const MARKS = "●◆○■▲▼□△▽◇";
const kindMark = (kind) => MARKS[kind % MARKS.length];
const kindTitle = (kind) => (kind < 0 ? t("none_kind") : said(core.scheme.kinds[kind].title));
