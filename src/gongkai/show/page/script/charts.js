// Figures and their charts. A chart is a specification of the core, into which rows and words are put; `figure` places,
// redraws and saves it. The program that draws is unpacked when the first is needed.

function figure({ name, heading, sub, note, draw, rows, controls, level = "h2" }) {
  const holder = h("div", { class: "plot" });
  let width = 0;
  const table = rows ? h("div", { class: "numbers", hidden: true }) : null;
  const redraw = () => {
    width = Math.floor(holder.getBoundingClientRect().width);
    for (const one of holder.querySelectorAll(".chart")) one.finish?.();
    if (width) holder.replaceChildren(...[draw(Math.floor(width / growth()))].flat());
    if (table && !table.hidden) table.replaceChildren(numberTable(rows()));
  };
  new ResizeObserver(() => { if (Math.abs(holder.clientWidth - width) > 2) redraw(); }).observe(holder);
  const pictures = ["svg", "png"].map((ending) => button(ending.toUpperCase(), () => (ending === "svg" ? saveSvg : savePng)(name, holder), { title: t(`save_${ending}`), "data-save": ending }));
  const turn = rows ? button(t("as_table"), () => {
    holder.hidden = table.hidden;
    table.hidden = !holder.hidden;
    for (const one of pictures) one.hidden = holder.hidden;
    turn.textContent = t(holder.hidden ? "as_chart" : "as_table");
    redraw();
  }, { class: "turn" }) : null;
  const node = h("figure", { class: `figure f-${name}`, "aria-label": heading },
    h("figcaption", {}, h(level, {}, heading), sub ? h("p", { class: "sub" }, sub) : null),
    controls ?? null, holder, table,
    h("div", { class: "under" },
      note ? h("p", { class: "note" }, note) : null,
      h("p", { class: "saves" },
        turn, rows ? button("CSV", () => saveCsv(name, rows()), { title: t("save_csv"), "data-save": "csv" }) : null, pictures)));
  node.redraw = redraw;
  return node;
}
function numberTable(rows) {
  const [head, ...body] = rows;
  const cell = (value) => h("td", { class: typeof value === "number" ? "n" : null }, value === null || value === undefined ? "–" : typeof value === "number" ? (Number.isInteger(value) ? String(value) : value.toFixed(4)) : value);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("as_table") },
    h("table", {}, h("thead", {}, h("tr", {}, head.map((c) => h("th", { scope: "col" }, c)))),
      h("tbody", {}, body.slice(0, 500).map((row) => h("tr", {}, row.map(cell))))));
}
const asShare = (v) => (v === null || v === undefined ? null : Number((v / 10_000).toFixed(6)));
const shareCells = (share) => [asShare(share.value), asShare(share.low), asShare(share.high), share.n, ...(corrects() ? [share.coded] : [])];
const SHARE_HEAD = () => [t("value"), t("low"), t("high"), t("n"), ...(corrects() ? [t("coded")] : [])];
// A share's mark: open without an interval; a square where the others are corrected and it is only counted.
function dot(share, x, y, r, more = "") {
  const name = `dot${share.low === null ? " open" : ""}${more}`;
  if (!corrects() || share.coded !== 0) return s("circle", { class: name, cx: x, cy: y, r });
  return s("rect", { class: `${name} counted`, x: x - r * 0.9, y: y - r * 0.9, width: r * 1.8, height: r * 1.8 });
}

// A round end of an axis, at or above `most` (ten-thousandths).
function endOf(most) {
  const step = [100, 200, 500, 1000, 2000, 2500].find((size) => most / size <= 5.01) ?? 2500;
  return Math.min(10_000, Math.ceil(Math.max(most, step) / step) * step);
}
const mostOf = (shares) => Math.max(500, ...shares.map((x) => x?.high ?? x?.value ?? 0));
// A text measured, so that names in a chart run into nothing.
const ruler = document.createElement("canvas").getContext("2d");
function wide(content, size = 12) {
  ruler.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(content).width;
}

// The small graphic of a table: a dot with its interval on a line from 0 to `end`, the corpus as a tick.
function small(share, end, middle, width = 120) {
  const x = (v) => 4 + (width - 8) * Math.min(1, v / end);
  const node = s("svg", { class: "small", viewBox: `0 0 ${width} 18`, width, height: 18, "aria-hidden": "true" },
    s("line", { class: "rail", x1: 4, x2: width - 4, y1: 9, y2: 9 }),
    middle ? s("line", { class: "middle", x1: x(middle), x2: x(middle), y1: 3, y2: 15 }) : null);
  if (share?.value === null || share?.value === undefined) return node;
  if (share.low !== null) node.append(s("line", { class: "interval", x1: x(share.low), x2: x(share.high), y1: 9, y2: 9 }));
  node.append(dot(share, x(share.value), 9, 3.5));
  return node;
}

// On very wide screens charts grow with the type around them.
const growth = () => Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 18);
let vega = null, drawn = Promise.resolve(), rested = 0;
// What Vega-Lite made of a specification, for the next chart of that name.
const compiled = new Map();
function runtime() {
  vega ??= unpacked();
  return vega;
}
async function unpacked() {
  const inline = $("runtime"), script = h("script", inline ? null : { src: "data/vega.js" });
  if (inline) {
    const bytes = Uint8Array.from(atob(inline.textContent), (one) => one.charCodeAt(0));
    script.textContent = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    document.head.append(script);
  } else {
    await new Promise((resolve, reject) => {
      Object.assign(script, { onload: resolve, onerror: () => reject(new Error(t("load_failed"))) });
      document.head.append(script);
    });
  }
  return window.gongkaiVega;
}

// The chart of that name: the data sets and words of its specification filled in. One is drawn after the other.
// Its height is that of all, or of the plot within its frame.
function chart(name, width, height, label, datasets, words = {}) {
  const size = growth(), tall = typeof height === "number";
  const node = h("div", { class: "chart", "aria-busy": "true", style: { "min-height": `${size * (tall ? height : height.least)}px` } });
  drawn = drawn.then(async () => {
    const embed = await runtime();
    if (performance.now() - rested > 40) await new Promise((resolve) => setTimeout(resolve));
    rested = performance.now();
    if (node.isConnected) await paint(node, embed);
  }).catch((error) => { node.replaceChildren(h("p", { class: "empty" }, error.message)); reportError(error); })
    .finally(() => node.removeAttribute("aria-busy"));
  async function paint(node, embed) {
    const { config, [name]: held } = core.charts, own = held.params.map((one) => (one.name in words ? { ...one, value: words[one.name] } : one));
    const known = compiled.get(name), whole = { width, height: tall ? height : height.plot, description: label };
    const { view, vgSpec } = await embed(node, known ? {
      ...known, ...whole,
      data: known.data.map((one) => (one.name in datasets ? { ...one, values: datasets[one.name] } : one)),
      signals: known.signals.map((one) => own.find(({ name }) => name === one.name && "value" in one) ?? one),
    } : {
      ...held, ...whole, datasets, params: own,
      autosize: { type: tall ? "fit" : "fit-x", contains: "padding" }, padding: 1,
      config: { ...config, font: getComputedStyle(document.body).fontFamily },
    }, { mode: known ? "vega" : "vega-lite", renderer: "svg", ast: true, actions: false, tooltip: false, defaultStyle: false, logLevel: 1 });
    if (!known) compiled.set(name, vgSpec);
    node.finish = () => view.finalize();
    const drawing = node.querySelector("svg");
    for (const one of ["width", "height"]) drawing.setAttribute(one, size * drawing.getAttribute(one));
    reachable(drawing, label);
  }
  return node;
}
// What a chart says of its points are links and images: for keyboard, pointer and screen reader. The rest is drawn only.
function reachable(drawing, label) {
  fill(drawing, { role: "group", "aria-label": label }, []);
  for (const one of drawing.querySelectorAll("[aria-roledescription], g[role]")) for (const own of ["role", "aria-roledescription"]) one.removeAttribute(own);
  const told = (type) => ({ currentTarget: { firstChild } }) => {
    const box = firstChild.getBoundingClientRect();
    firstChild.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y }));
  };
  const into = told("pointerover"), out = told("pointerout");
  for (const area of drawing.querySelectorAll("path[aria-label]")) {
    const { href, tooltip, description } = area.__data__, name = { class: "point", "data-screen": "", "data-tip": tooltip, "aria-label": description };
    const point = href ? s("a", { ...name, href, onfocus: into, onblur: out }) : s("g", { ...name, role: "img" });
    area.replaceWith(point);
    point.append(area);
    for (const own of ["role", "aria-label"]) area.removeAttribute(own);
  }
}
// A share as a row of a chart: a number from 0 to 1, and what its tip says.
const fraction = (v) => (v === null || v === undefined ? null : v / 10_000);
const shareRow = (name, share, more = {}) => ({ name, value: fraction(share.value), low: fraction(share.low), high: fraction(share.high), counted: corrects() && share.coded === 0, tip: tipOf(name, share), ...more });

// Agencies from low to high; the corpus is a band.
function spreadChart(width, points, corpus, label, band, query) {
  return chart("spread", width, Math.max(260, Math.min(420, width * 0.42)), label, {
    rows: points.map((p) => shareRow(p.name, p.share, { href: agencyLink(p.agency, query) })),
    whole: [shareRow(label, corpus, { text: `${band} ${percent(corpus.value)}` })],
  }, { end: fraction(endOf(mostOf([...points.map((p) => p.share), corpus]))) });
}
// Years, joined within a form of the report.
function yearsChart(width, points, label, { end, height = 220, forms = true, counts = true, chosen, middle } = {}) {
  const rows = points.map((p) => shareRow(label, p.share, {
    year: p.year, corpus: fraction(middle?.(p.year)?.value), ring: p.ring, chosen: p.year === chosen,
    tip: tipOf(`${label} · ${p.year}`, p.share) + (p.more ? `\n${p.more}` : ""),
  }));
  return chart("years", width, height, label, { rows }, {
    end: fraction(endOf(end ?? mostOf(points.map((p) => p.share)))), years: points.map((p) => p.year),
    counts: counts ? Object.fromEntries(points.map((p) => [p.year, count(p.reports)])) : {},
    ...(forms ? { form_2019: t("form_2019"), form_2021: t("form_2021") } : {}),
  });
}
// Two labels: a dot an agency, crossed by the corpus.
function mapChart(width, points, corpus, labels, third) {
  const height = Math.max(340, Math.min(600, width * 0.62)), [a, b] = labels;
  const end = endOf(1.04 * Math.max(500, ...points.map((p) => p.across.value))), top = endOf(1.04 * Math.max(500, ...points.map((p) => p.up.value)));
  // Where the four corners have no room for their names they are left out; the axes say the same.
  const corners = width < 620 ? [] : ["less_more", "more_more", "less_less", "more_less"];
  const names = beside(points, corpus, { width, height, end, top, corners: corners.map((key) => wide(t(key, { a, b }), 13)) });
  const rows = points.map((p) => ({
    name: p.name, across: fraction(p.across.value), up: fraction(p.up.value), both: p.both ? fraction(p.both.value) ?? 0 : 1, counted: corrects() && !Math.min(p.across.coded, p.up.coded), href: agencyLink(p.agency),
    ...Object.fromEntries(["across", "up"].flatMap((one) => ["low", "high"].map((side_) => [`${one}_${side_}`, fraction(p[one][side_])]))),
    tip: [p.name, `${a} ${percent(p.across.value)}`, `${b} ${percent(p.up.value)}`, p.both ? `${third} ${percent(p.both.value)}` : null].filter(Boolean).join("\n"), ...names.get(p),
  }));
  return chart("kinds", width, height, `${a} × ${b}`, { rows, whole: [{ across: fraction(corpus[0].value), up: fraction(corpus[1].value) }] },
    { end: fraction(end), top: fraction(top), across: `${a} →`, up: `↑ ${b}`, ...Object.fromEntries(corners.map((key) => [key, t(key, { a, b })])) });
}
// Names of the points farthest from the corpus, each beside its point where there is room.
function beside(points, corpus, { width, height, end, top, corners }) {
  const frame = { left: 46, right: width - 12, top: 26, bottom: height - 46 };
  const x = (v) => frame.left + (frame.right - frame.left) * v / end, y = (v) => frame.bottom - (frame.bottom - frame.top) * v / top;
  const places = points.map((p) => [x(p.across.value), y(p.up.value)]), center = [x(corpus[0].value), y(corpus[1].value)];
  const taken = places.map(([px, py]) => [px - 5, py - 5, 10, 10]);
  taken.push(...corners.map((room, k) => [k % 2 ? frame.right - 8 - room : frame.left + 8, k < 2 ? frame.top : frame.bottom - 22, room, 22]));
  const distance = (k) => ((places[k][0] - center[0]) / width) ** 2 + ((places[k][1] - center[1]) / height) ** 2;
  const far = [...points.keys()].sort((j, k) => distance(k) - distance(j)).slice(0, width > 700 ? 12 : 7), found = new Map();
  for (const k of far) {
    const room = wide(points[k].name, 12.5) + 4, [px, py] = places[k];
    const free = [[px + 9, py - 8, "left", 9, 0], [px - 9 - room, py - 8, "right", -9, 0], [px - room / 2, py - 26, "center", 0, -17], [px - room / 2, py + 10, "center", 0, 17]]
      .find(([bx, by]) => bx > frame.left && bx + room < frame.right && by > frame.top && by + 16 < frame.bottom && taken.every(([tx, ty, tw, th]) => bx > tx + tw || bx + room < tx || by > ty + th || by + 16 < ty));
    if (!free) continue;
    const [bx, by, align, dx, dy] = free;
    taken.push([bx, by, room, 16]);
    found.set(points[k], { label: points[k].name, align, dx, dy });
  }
  return found;
}
// Groups in rows: a name, a dot with its interval, the number.
function rowsChart(width, rows, label, corpus) {
  const narrow = width < 460;
  return chart("rows", width, { plot: 30 * rows.length, frame: 28 }, label, {
    rows: rows.map((one) => shareRow(one.name, one.share, { rank: 0, href: one.href, text: percent(one.share.value), small: narrow ? "" : `n ${count(one.share.n)}` })),
    whole: corpus?.value != null ? [{ value: fraction(corpus.value) }] : [],
  }, { end: fraction(endOf(mostOf(rows.map((one) => one.share)))), room: width * 0.45 });
}
// Provinces as tiles.
function tilesChart(width, shares, label, corpus, chosen) {
  const side_ = Math.min(960, width);
  return chart("provinces", side_, side_ * 0.8, label, { rows: Object.entries(core.tiles).map(([code, [line, column]]) => {
    const share = shares.get(code), name = t(`province_${code}`), more = { row: line, column, corpus: fraction(corpus.value), chosen: code === chosen };
    return share?.value != null ? shareRow(name, share, { ...more, href: address("agencies", undefined, { province: code }) }) : { name, tip: name, ...more };
  }) }, { end: fraction(endOf(mostOf([...shares.values()]))) });
}
// A hundred marks, by kind.
function hundredChart(width, counts, label) {
  const total = counts.reduce((a, b) => a + b, 0);
  const exact = counts.map((n) => 100 * n / total), floor = exact.map(Math.floor);
  const order = exact.map((v, k) => [v - floor[k], k]).sort((a, b) => b[0] - a[0]);
  for (const [, k] of order.slice(0, 100 - floor.reduce((a, b) => a + b, 0))) floor[k]++;
  const columns = width > 620 ? 25 : 20, cell = Math.min(30, (width > 900 ? width - 320 : width) / columns), kinds = core.scheme.kinds.length;
  const rows = floor.flatMap((n, kind) => Array.from({ length: n }, () => ({ mark: kind < kinds ? kindMark(kind) : "·", colour: kind < kinds ? `var(--kind-${kind})` : "var(--soft)" }))).map((one, place) => ({ place, ...one }));
  return { node: chart("hundred", columns * cell, 100 / columns * cell, label, { rows }, { columns }), floor };
}

// A report as a strip: a tick a sentence, coloured by kind, sections apart.
function strip(report, width, agency) {
  const total = report.s.length, height = 34;
  const node = s("svg", { class: "strip", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${yearText(report.year)}: ${t("n_sentences", { n: total })}` });
  const gaps = report.s.filter((one, k) => k && one[0] !== report.s[k - 1][0]).length;
  const step = Math.min(12, (width - gaps * 6) / Math.max(1, total));
  let x = 0;
  report.s.forEach((one, k) => {
    if (k && one[0] !== report.s[k - 1][0]) x += 6;
    const tall = one[2] < 0 ? 0.3 : core.scheme.kinds.length > 1 ? 0.4 + 0.6 * (1 - one[2] / (core.scheme.kinds.length - 1)) : 1;
    node.append(s("rect", { class: `tick-k k${one[2]}`, x, y: (height - 4) * (1 - tall) + 2, width: Math.max(1, step - Math.min(2, step * 0.3)), height: (height - 4) * tall,
      "data-tip": `${kindTitle(one[2])}\n${t(`section_${core.sections[one[0]]}`)}\n${one[5].slice(0, 60)}${one[5].length > 60 ? "…" : ""}`, "data-at": k }));
    x += step;
  });
  node.addEventListener("click", (event) => {
    const at = event.target.dataset?.at;
    if (at !== undefined) location.hash = address("report", report.id, { s: at });
  });
  return node;
}
