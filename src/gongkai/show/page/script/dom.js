// The page's few tools: elements, words, addresses, saving. Text of reports only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// Words: whole in one language.
const memory = {
  get(key) { try { return localStorage.getItem(`gongkai.${key}`); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(`gongkai.${key}`, value); } catch { /* file: may refuse */ } },
};
let language = memory.get("language") ?? (navigator.language?.startsWith("zh") ? "zh" : "en");
const side = () => (language === "zh" ? 1 : 0);
const said = (pair) => pair?.[side()] ?? "";
function t(key, values = {}) {
  const entry = WORDS[key];
  if (!entry) return key;
  const singular = side() === 0 && entry[2] && String(values.n) === "1";
  return entry[singular ? 2 : side()].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
const known = (prefix, key) => (key ? (WORDS[`${prefix}_${key}`] ? t(`${prefix}_${key}`) : key) : t("not_found"));
const count = (n) => n.toLocaleString("en-US");
const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(share / 100).toFixed(digits)}%`);
const yearText = (year) => (year === null ? t("year_not_found") : String(year));

// Addresses: #/view/part?key=value
function address(view, part, parameters) {
  const query = new URLSearchParams(Object.entries(parameters ?? {}).filter(([, v]) => v !== null && v !== undefined && v !== ""));
  const path = part === undefined ? view : `${view}/${encodeURIComponent(part)}`;
  return `#/${path}${query.size ? `?${query}` : ""}`;
}
function here() {
  const [path, query] = (location.hash.slice(2) || "").split("?");
  const at = path.indexOf("/");
  const decoded = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  return { view: at < 0 ? path : path.slice(0, at), part: at < 0 ? undefined : decoded(path.slice(at + 1)), query: new URLSearchParams(query ?? "") };
}
function amend(changes) {
  const now = here();
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "" || value === undefined) now.query.delete(key); else now.query.set(key, value);
  }
  history.replaceState(null, "", address(now.view, now.part, Object.fromEntries(now.query)));
}

// Saving
function save(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
function csvText(rows) {
  const cell = (value) => {
    let text = value === null || value === undefined ? "" : String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}
const saveCsv = (name, rows) => save(`${name}.csv`, new Blob([csvText(rows)], { type: "text/csv;charset=utf-8" }));

const STYLED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity", "opacity", "font-size", "font-family", "font-weight", "text-anchor", "dominant-baseline", "paint-order", "stroke-linejoin", "stroke-linecap", "letter-spacing"];
function plainCopy(svg) {
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((node, k) => {
    const styles = getComputedStyle(node);
    to[k].removeAttribute("style");
    for (const name of STYLED) to[k].style.setProperty(name, styles.getPropertyValue(name));
    for (const name of ["class", "href", "tabindex", "data-tip", "fill", "stroke"]) to[k].removeAttribute(name);
  });
  copy.querySelectorAll("[data-screen]").forEach((node) => node.remove());
  return copy;
}
// Everything a figure draws as one SVG that needs no style sheet: its charts where they stand, and their names.
function standalone(holder) {
  const frame = holder.getBoundingClientRect(), inks = getComputedStyle(document.body);
  const charts = [...holder.querySelectorAll("svg")].filter((svg) => !svg.closest("button"));
  const parts = charts.map((svg) => {
    const box = svg.getBoundingClientRect(), copy = plainCopy(svg);
    fill(copy, { x: box.left - frame.left, y: box.top - frame.top, width: box.width, height: box.height, overflow: "visible" }, []);
    return copy;
  });
  const names = [...holder.querySelectorAll("h3, .strip-name, .legend.big li")].map((node) => {
    const box = node.getBoundingClientRect(), styles = getComputedStyle(node);
    return s("text", { x: box.left - frame.left, y: box.top - frame.top + parseFloat(styles.fontSize) * 1.1, fill: styles.color, "font-family": styles.fontFamily, "font-size": styles.fontSize, "font-weight": styles.fontWeight }, node.textContent);
  });
  const width = frame.width + 24, height = frame.height + 24;
  const whole = s("svg", { xmlns: SVG, width, height, viewBox: `-12 -12 ${width} ${height}` }, s("rect", { x: -12, y: -12, width, height, fill: inks.backgroundColor }), parts, names);
  return { text: new XMLSerializer().serializeToString(whole), width, height };
}
const saveSvg = (name, holder) => save(`${name}.svg`, new Blob([standalone(holder).text], { type: "image/svg+xml" }));
function savePng(name, holder) {
  const { text, width, height } = standalone(holder);
  const image = new Image();
  image.onload = () => {
    const canvas = h("canvas", { width: width * 2, height: height * 2 });
    canvas.getContext("2d").drawImage(image, 0, 0, width * 2, height * 2);
    canvas.toBlob((blob) => save(`${name}.png`, blob));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

// One tip for everything that carries data-tip, by pointer and by keyboard.
function tips() {
  const tip = $("tip");
  let shown = null;
  const place = (x) => {
    const box = shown.getBoundingClientRect();
    const left = Math.max(8, Math.min((x ?? box.left + box.width / 2) - tip.offsetWidth / 2, innerWidth - tip.offsetWidth - 8));
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : Math.min(box.bottom + 8, innerHeight - tip.offsetHeight - 8)}px`;
  };
  const hide = () => { tip.hidden = true; shown = null; };
  const show = (event) => {
    shown = event.target.closest?.("[data-tip]");
    if (!shown) return hide();
    tip.replaceChildren(...shown.dataset.tip.split("\n").map((line, k) => h(k ? "span" : "b", {}, line)));
    tip.hidden = false;
    return place(event.clientX);
  };
  document.addEventListener("pointerover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("focusout", hide);
  addEventListener("hashchange", hide);
  addEventListener("scroll", () => { if (shown && shown === document.activeElement) place(); else hide(); }, { passive: true });
}
const announce = (text) => { $("live").textContent = text; };
const button = (label, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, label);
const select = (label, options, value, onchange) =>
  h("label", { class: "field" }, h("span", {}, label),
    h("select", { onchange: (e) => onchange(e.target.value) },
      options.map(([key, name]) => h("option", { value: key, selected: String(key) === String(value ?? "") }, name))));
