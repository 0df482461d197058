// Small charts: dots with intervals. Each takes its width and gives an SVG; `figure` places, redraws and saves it.

function figure({ name, heading, sub, note, draw, rows, controls, level = "h2" }) {
  const holder = h("div", { class: "plot" });
  let width = 0;
  const table = rows ? h("div", { class: "numbers", hidden: true }) : null;
  const redraw = () => {
    width = Math.floor(holder.getBoundingClientRect().width);
    // On very wide screens charts grow with the type around them.
    const scale = Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 18);
    if (width) holder.replaceChildren(...[draw(Math.floor(width / scale))].flat());
    for (const chart of holder.querySelectorAll("svg")) for (const side_ of ["width", "height"]) chart.setAttribute(side_, scale * chart.getAttribute(side_));
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

// Steps of an axis from 0 to a round end at or above `most` (ten-thousandths).
function scaleTo(most, from, to) {
  const step = [100, 200, 500, 1000, 2000, 2500].find((size) => most / size <= 5.01) ?? 2500;
  const end = Math.min(10_000, Math.ceil(Math.max(most, step) / step) * step);
  const at = (v) => from + (to - from) * v / end;
  return { at, end, ticks: Array.from({ length: Math.floor(end / step) + 1 }, (_, k) => k * step) };
}
const mostOf = (shares) => Math.max(500, ...shares.map((x) => x?.high ?? x?.value ?? 0));
function svg(width, height, label, ...children) {
  return s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": label }, children);
}
const text = (x, y, content, attributes = {}) => s("text", { x, y, ...attributes }, content);
// A text measured, so that no label is cut.
const ruler = document.createElement("canvas").getContext("2d");
function wide(content, size = 12) {
  ruler.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(content).width;
}
function shorten(content, room, size = 12) {
  if (wide(content, size) <= room) return content;
  let cut = content;
  while (cut.length > 1 && wide(`${cut}…`, size) > room) cut = cut.slice(0, -1);
  return `${cut}…`;
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

// Agencies from low to high, each a dot with its interval; the corpus is a band.
function spreadChart(width, points, corpus, label, band, query) {
  const height = Math.max(260, Math.min(420, width * 0.42)), left = 44, right = 12, top = 26, bottom = 30;
  const y = scaleTo(mostOf([...points.map((p) => p.share), corpus]), height - bottom, top);
  const step = (width - left - right) / points.length;
  const x = (k) => left + step * (k + 0.5);
  const node = svg(width, height, label,
    y.ticks.map((v) => [s("line", { class: "grid", x1: left, x2: width - right, y1: y.at(v), y2: y.at(v) }),
      text(left - 8, y.at(v), `${v / 100}%`, { class: "tick", "text-anchor": "end", "dominant-baseline": "central" })]));
  if (corpus.low !== null) node.append(s("rect", { class: "band", x: left, width: width - left - right, y: y.at(corpus.high), height: Math.max(1, y.at(corpus.low) - y.at(corpus.high)) }));
  node.append(s("line", { class: "middle", x1: left, x2: width - right, y1: y.at(corpus.value), y2: y.at(corpus.value) }));
  const r = Math.max(1.5, Math.min(4.5, step * 0.36));
  points.forEach((p, k) => {
    node.append(s("a", { class: "point", href: agencyLink(p.agency, query), "aria-label": tipOf(p.name, p.share).replaceAll("\n", ", "), "data-tip": tipOf(p.name, p.share) },
      s("rect", { class: "hit", x: x(k) - Math.max(step, 6) / 2, width: Math.max(step, 6), y: top, height: height - top - bottom }),
      p.share.low === null ? null : s("line", { class: "interval", x1: x(k), x2: x(k), y1: y.at(p.share.low), y2: y.at(p.share.high), "stroke-width": Math.min(2, step * 0.5) }),
      dot(p.share, x(k), y.at(p.share.value), r)));
  });
  // The two ends and the corpus are named.
  const size = 12.5, room = width * 0.46;
  if (points.length > 1) {
    const last = points.at(-1), first = points[0];
    node.append(text(x(0) - r, height - 10, shorten(`${first.name} ${percent(first.share.value, 0)}`, room, size), { class: "name" }),
      text(x(points.length - 1) + r, height - 10, shorten(`${last.name} ${percent(last.share.value, 0)}`, room, size), { class: "name", "text-anchor": "end" }),
      text(left + 6, y.at(corpus.high ?? corpus.value) - 8, `${band} ${percent(corpus.value)}`, { class: "name strong halo" }));
  }
  return node;
}

// Years: a dot and an interval each, joined within a form of the report.
function yearsChart(width, points, label, { end, height = 220, forms = true, counts = true, chosen, middle } = {}) {
  const left = 40, right = 14, top = forms ? 34 : 14, bottom = counts ? 42 : 26;
  const years = points.map((p) => p.year);
  const first = Math.min(...years), last = Math.max(...years);
  const y = scaleTo(end ?? mostOf(points.map((p) => p.share)), height - bottom, top);
  const x = (year) => first === last ? (left + width - right) / 2 : left + 14 + (width - left - right - 28) * (year - first) / (last - first);
  const node = svg(width, height, label,
    y.ticks.map((v) => [s("line", { class: "grid", x1: left, x2: width - right, y1: y.at(v), y2: y.at(v) }),
      text(left - 7, y.at(v), `${v / 100}%`, { class: "tick", "text-anchor": "end", "dominant-baseline": "central" })]));
  const breaks = [2019, 2021].filter((year) => first < year && last >= year);
  for (const year of breaks) {
    const at = (x(year - 1) + x(year)) / 2;
    node.append(s("line", { class: "break", x1: at, x2: at, y1: top - 10, y2: height - bottom }));
    if (!forms) continue;
    const name = t(`form_${year}`), room = wide(name, 11);
    const end = year === 2019 && breaks.includes(2021);
    node.append(text(Math.max(room / 2 + 2, Math.min(width - room / 2 - 2, end ? at - room / 2 + 3 : at + room / 2 - 3)), top - (end ? 24 : 14) + 2, name, { class: "tick", "text-anchor": "middle" }));
  }
  const era = (year) => (year < 2019 ? 0 : year < 2021 ? 1 : 2);
  points.forEach((p, k) => {
    const before = points[k - 1];
    if (before && era(before.year) === era(p.year) && p.share.value !== null && before.share.value !== null && p.year - before.year === 1 && Boolean(p.share.coded) === Boolean(before.share.coded)) {
      node.append(s("line", { class: "join", x1: x(before.year), y1: y.at(before.share.value), x2: x(p.year), y2: y.at(p.share.value) }));
    }
  });
  const step = x(first + 1) - x(first), every = first === last ? 1 : Math.ceil(34 / step);
  for (const p of points) {
    if ((last - p.year) % every === 0) {
      node.append(text(x(p.year), height - bottom + 16, step < 34 && every > 1 ? `’${String(p.year).slice(2)}` : p.year, { class: "tick", "text-anchor": "middle" }));
      if (counts) node.append(text(x(p.year), height - bottom + 31, count(p.reports), { class: "tick faint", "text-anchor": "middle" }));
    }
    const all = middle?.(p.year)?.value;
    if (all != null) node.append(s("line", { class: "middle", x1: x(p.year) - 11, x2: x(p.year) + 11, y1: y.at(all), y2: y.at(all) }));
    if (p.share.value === null) continue;
    const tip = tipOf(`${label} · ${p.year}`, p.share) + (p.more ? `\n${p.more}` : "");
    node.append(s("g", { class: p.year === chosen ? "point chosen" : "point", role: "img", "aria-label": tip.replaceAll("\n", ", "), "data-tip": tip },
      s("rect", { class: "hit", x: x(p.year) - 9, width: 18, y: top, height: height - top - bottom }),
      p.share.low === null ? null : s("line", { class: "interval", x1: x(p.year), x2: x(p.year), y1: y.at(p.share.low), y2: y.at(Math.min(p.share.high, y.end)) }),
      p.ring ? s("circle", { class: "ring", cx: x(p.year), cy: y.at(p.share.value), r: 8 }) : null,
      dot(p.share, x(p.year), y.at(p.share.value), 4)));
  }
  return node;
}

const MOST_POINTS = 2000;
// Two labels: a dot an agency, crossed by the corpus; the farthest are named where there is room.
function mapChart(width, points, corpus, labels, chosen, choose) {
  const height = Math.max(340, Math.min(600, width * 0.62)), left = 48, right = 16, top = 30, bottom = 48;
  const x = scaleTo(Math.max(500, ...points.map((p) => p.across.value)) * 1.04, left, width - right);
  const y = scaleTo(Math.max(500, ...points.map((p) => p.up.value)) * 1.04, height - bottom, top);
  const node = svg(width, height, `${labels[0]} × ${labels[1]}`,
    x.ticks.map((v) => [s("line", { class: "grid", x1: x.at(v), x2: x.at(v), y1: top, y2: height - bottom }), text(x.at(v), height - bottom + 17, `${v / 100}%`, { class: "tick", "text-anchor": "middle" })]),
    y.ticks.map((v) => [s("line", { class: "grid", x1: left, x2: width - right, y1: y.at(v), y2: y.at(v) }), text(left - 8, y.at(v), `${v / 100}%`, { class: "tick", "text-anchor": "end", "dominant-baseline": "central" })]),
    s("line", { class: "middle", x1: x.at(corpus[0].value), x2: x.at(corpus[0].value), y1: top, y2: height - bottom }),
    s("line", { class: "middle", x1: left, x2: width - right, y1: y.at(corpus[1].value), y2: y.at(corpus[1].value) }),
    text(width - right, height - 8, `${labels[0]} →`, { class: "name strong", "text-anchor": "end" }),
    text(left, 14, `↑ ${labels[1]}`, { class: "name strong" }));
  const [a, b] = labels;
  // Where the four corners have no room for their names they are left out; the axes say the same.
  const corners = width < 620 ? [] : [["less_more", left + 8, top + 16, "start"], ["more_more", width - right - 8, top + 16, "end"], ["less_less", left + 8, height - bottom - 10, "start"], ["more_less", width - right - 8, height - bottom - 10, "end"]];
  for (const [key, at, up, anchor] of corners) node.append(text(at, up, shorten(t(key, { a, b }), width * 0.44), { class: "corner", "text-anchor": anchor }));
  const taken = points.map((p) => [x.at(p.across.value) - 4, y.at(p.up.value) - 4, 8, 8]);
  taken.push(...corners.map(([key, at, up, anchor]) => { const room = Math.min(width * 0.44, wide(t(key, { a, b }))); return [anchor === "end" ? at - room : at, up - 12, room, 16]; }));
  const r = points.length > 400 ? 2.5 : 5;
  const far = [...points].sort((p, q) => distance(q) - distance(p)).slice(0, width > 700 ? 12 : 7);
  // Of very many dots one line draws all; an even draw and the farthest can be chosen.
  const some = points.length > MOST_POINTS ? new Set([...points.filter((_, k) => k % Math.ceil(points.length / MOST_POINTS) === 0), ...far]) : points;
  const at = (p) => `M${x.at(p.across.value).toFixed(1)} ${y.at(p.up.value).toFixed(1)}h0`;
  if (some !== points) node.append(s("path", { class: "dots", "stroke-width": 2 * r, d: [...new Set(points.map(at))].join("") }));
  for (const p of some) {
    const tip = `${p.name}\n${a} ${percent(p.across.value)}\n${b} ${percent(p.up.value)}`;
    const shown = p.agency === chosen;
    node.append(s("a", { class: shown ? "point chosen" : "point", href: agencyLink(p.agency), "aria-label": tip.replaceAll("\n", ", "), "data-tip": tip, onpointerenter: () => choose(p) },
      s("circle", { class: "hit", cx: x.at(p.across.value), cy: y.at(p.up.value), r: r + 5 }),
      dot({ low: 0, coded: Math.min(p.across.coded, p.up.coded) }, x.at(p.across.value), y.at(p.up.value), r, " soft")));
  }
  const cross = s("g", { class: "cross", "data-screen": "", "pointer-events": "none" });
  node.append(cross);
  node.cross = (p) => cross.replaceChildren(...[[p.across, true], [p.up, false]].filter(([share]) => share.low !== null).map(([share, flat]) =>
    s("line", flat ? { class: "interval strong", x1: x.at(share.low), x2: x.at(Math.min(share.high, x.end)), y1: y.at(p.up.value), y2: y.at(p.up.value) }
      : { class: "interval strong", x1: x.at(p.across.value), x2: x.at(p.across.value), y1: y.at(share.low), y2: y.at(Math.min(share.high, y.end)) })));
  function distance(p) { return ((x.at(p.across.value) - x.at(corpus[0].value)) / width) ** 2 + ((y.at(p.up.value) - y.at(corpus[1].value)) / height) ** 2; }
  for (const p of far) {
    const name = shorten(p.name, 210), room = wide(name) + 4, px = x.at(p.across.value), py = y.at(p.up.value);
    const places = [[px + r + 4, py - 8, "start"], [px - r - 4 - room, py - 8, "end"], [px - room / 2, py - 26, "middle"], [px - room / 2, py + 10, "middle"]];
    const free = places.find(([bx, by]) => bx > left && bx + room < width && by > top && by + 16 < height - bottom && taken.every(([tx, ty, tw, th]) => bx > tx + tw || bx + room < tx || by > ty + th || by + 16 < ty));
    if (!free) continue;
    taken.push([free[0], free[1], room, 16]);
    node.append(text(free[2] === "start" ? free[0] : free[2] === "end" ? free[0] + room : px, free[1] + 12, name, { class: "name halo", "text-anchor": free[2] }));
  }
  return node;
}

// Groups in rows: a name, a dot with its interval, the number.
function rowsChart(width, rows, label, corpus, { open } = {}) {
  const rowHeight = 30, top = 8, bottom = 26;
  const left = Math.min(width * 0.5, Math.max(...rows.map((row) => wide(row.name, 13))) + 14), right = 124;
  const narrow = width < 460, edge = narrow ? 66 : right;
  const height = top + rows.length * rowHeight + bottom;
  const x = scaleTo(mostOf(rows.map((row) => row.share)), left, width - edge);
  const sparse = Math.ceil(40 / (x.at(x.ticks[1]) - x.at(0)));
  const node = svg(width, height, label,
    x.ticks.map((v, k) => [s("line", { class: "grid", x1: x.at(v), x2: x.at(v), y1: top, y2: height - bottom }), k % sparse ? null : text(x.at(v), height - 8, `${v / 100}%`, { class: "tick", "text-anchor": "middle" })]),
    corpus?.value != null ? s("line", { class: "middle", x1: x.at(corpus.value), x2: x.at(corpus.value), y1: top, y2: height - bottom }) : null);
  rows.forEach((row, k) => {
    const at = top + rowHeight * (k + 0.5), tip = tipOf(row.name, row.share);
    const inside = [s("rect", { class: "hit", x: 0, width, y: at - rowHeight / 2, height: rowHeight }),
      text(left - 12, at, shorten(row.name, left - 14, 13), { class: "name", "text-anchor": "end", "dominant-baseline": "central" })];
    if (row.share.value !== null) {
      inside.push(row.share.low === null ? null : s("line", { class: "interval", x1: x.at(row.share.low), x2: x.at(Math.min(row.share.high, x.end)), y1: at, y2: at }),
        dot(row.share, x.at(row.share.value), at, 5));
    }
    inside.push(text(width - edge + 14, at, percent(row.share.value), { class: "name strong", "dominant-baseline": "central" }),
      narrow ? null : text(width - 2, at, `n ${count(row.share.n)}`, { class: "tick faint", "text-anchor": "end", "dominant-baseline": "central" }));
    node.append(row.href ? s("a", { class: "point", href: row.href, "data-tip": tip }, inside.filter(Boolean))
      : s("g", { class: "point", role: "img", "data-tip": tip, "aria-label": tip.replaceAll("\n", ", ") }, inside.filter(Boolean)));
  });
  return node;
}

// Provinces as tiles, each a dot with its interval.
function tilesChart(width, rows, label, corpus, chosen) {
  const cell = Math.min(96, Math.floor((width - 4) / 10)), height = cell * 8 + 4;
  const end = scaleTo(mostOf([...rows.values()].map((row) => row)), 0, 1).end;
  const node = svg(cell * 10 + 4, height, label);
  for (const [code, [row, column]] of Object.entries(TILES)) {
    const share = rows.get(code), x = 2 + column * cell, y = 2 + row * cell, name = t(`province_${code}`);
    const inner = cell - 4, scale = (v) => x + 6 + (inner - 12) * Math.min(1, v / end);
    const tip = share ? tipOf(name, share) : name;
    const at = y + inner * 0.62, small = cell < 44;
    const group = s(share ? "a" : "g", { class: code === chosen ? "tile chosen" : "tile", href: share ? address("agencies", undefined, { province: code }) : null, "data-tip": tip },
      s("rect", { class: share ? "cell held" : "cell", x, y, width: inner, height: inner, rx: 3 }),
      small && side() === 0 ? null : text(x + inner / 2, y + inner * (share && !small ? 0.3 : 0.36), name, { class: share ? "name" : "tick faint", "text-anchor": "middle", style: { "font-size": `${Math.min(12, 12 * (inner - 2) / wide(name))}px` } }));
    if (share?.value != null) {
      if (share.low !== null) group.append(s("line", { class: "interval", x1: scale(share.low), x2: scale(share.high), y1: at, y2: at }));
      group.append(s("line", { class: "middle", x1: scale(corpus.value), x2: scale(corpus.value), y1: at - 6, y2: at + 6 }),
        dot(share, scale(share.value), at, cell < 44 ? 3 : 4.5));
      if (cell >= 60) group.append(text(x + inner / 2, y + inner - 7, percent(share.value, 0), { class: "tick", "text-anchor": "middle" }));
    }
    node.append(group);
  }
  return node;
}

// A hundred marks, by kind.
function hundredChart(width, counts, label) {
  const total = counts.reduce((a, b) => a + b, 0);
  const exact = counts.map((n) => 100 * n / total), floor = exact.map(Math.floor);
  const order = exact.map((v, k) => [v - floor[k], k]).sort((a, b) => b[0] - a[0]);
  for (let k = 0; k < 100 - floor.reduce((a, b) => a + b, 0); k++) floor[order[k][1]]++;
  const columns = width > 620 ? 25 : 20, cell = Math.min(30, (width > 900 ? width - 320 : width) / columns), rows = 100 / columns;
  const node = svg(columns * cell, rows * cell, label);
  node.setAttribute("role", "img");
  let at = 0;
  floor.forEach((n, kind) => {
    for (let k = 0; k < n; k++, at++) {
      const x = (at % columns + 0.5) * cell, y = (Math.floor(at / columns) + 0.5) * cell;
      node.append(text(x, y, kind < core.scheme.kinds.length ? kindMark(kind) : "·", { class: `mark k${kind}`, "text-anchor": "middle", "dominant-baseline": "central", style: { "font-size": `${cell * 0.72}px` } }));
    }
  });
  return { node, floor };
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
