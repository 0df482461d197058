// Which view is shown; language, light and dark, keys.

const VIEWS = { "": overviewView, agencies: agenciesView, agency: agencyView, report: reportView, search: searchView, about: aboutView };
let shownAddress = null, shows = 0;

async function show() {
  const route = here(), main = $("main"), turn = ++shows;
  searching++;
  const view = VIEWS[route.view];
  const same = shownAddress === `${route.view}/${route.part}`;
  shownAddress = `${route.view}/${route.part}`;
  const next = h("div", { class: `view view-${route.view || "overview"}` });
  main.replaceChildren(next);
  chrome(route);
  try {
    if (route.query.has("year") || route.view === "agency") await loadYears();
    await (view ? view(next, route) : nothing(next));
  } catch (error) {
    if (turn === shows) next.append(h("p", { class: "empty" }, error.message));
    throw error;
  }
  if (turn !== shows) return;
  document.title = `${next.querySelector("h1")?.textContent ?? t("site")} · ${side() ? "公开" : "gongkai"}`;
  if (!same && !route.query.has("s") && !route.query.has("year")) scrollTo(0, 0);
  if (!same && shownAddress !== "/undefined") announce(document.title);
  for (const one of next.querySelectorAll("figure")) one.redraw?.();
  drawn.then(() => { if (turn === shows) document.documentElement.dataset.ready = "true"; });
}
function chrome(route) {
  document.documentElement.lang = side() ? "zh-Hans" : "en";
  const theme = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const link = (view, name) => h("a", { href: address(view), "aria-current": route.view === view || (view === "agencies" && ["agency", "report"].includes(route.view)) ? "page" : null }, name);
  $("skip").textContent = t("skip");
  $("top").replaceChildren(
    h("a", { class: "brand", href: address("") }, h("b", { lang: "zh" }, "公开"), side() ? null : h("span", {}, "gongkai")),
    h("nav", { "aria-label": t("nav") }, link("", t("nav_overview")), link("agencies", t("nav_agencies")), link("search", t("nav_search")), link("about", t("nav_about"))),
    h("div", { class: "switches" },
      button(t("other_language"), () => { language = side() ? "en" : "zh"; memory.set("language", language); show(); }, { id: "language", lang: side() ? "en" : "zh" }),
      button(t(theme === "dark" ? "to_light" : "to_dark"), () => { const next = theme === "dark" ? "light" : "dark"; document.documentElement.dataset.theme = next; memory.set("theme", next); chrome(here()); }, { id: "theme" })));
  $("foot").replaceChildren(h("p", {}, t("ab_cite", { version: core.version }), " · ", `${core.scheme.name} ${core.scheme.version} · ${core.model.name}`), h("details", { class: "cite", ontoggle: cite }, h("summary", {}, t("cite")), h("p", { id: "cite" })));
}
// How to cite what is seen: the view, what it rests on, its address. Of a file from the disk the path stays unsaid.
function cite() {
  const view = document.querySelector("h1")?.textContent ?? t("site"), { model, scheme } = core, place = location.protocol === "file:" ? decodeURI(location.pathname).split("/").pop() + location.hash : location.href;
  $("cite").textContent = t("cite_text", { view, reports: t("n_reports", { n: count(core.reports.length) }), span: span(), model: model.name, codebook: `${scheme.name} ${scheme.version}`, method: t(corrects() ? "cite_corrected" : "cite_counted"), version: core.version, place, day: new Date().toLocaleDateString("sv") });
}
function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /INPUT|SELECT|TEXTAREA/.test(event.target.tagName);
  if (event.key === "Escape") { document.querySelector(".panel.open")?.classList.remove("open"); $("tip").hidden = true; if (typing) event.target.blur(); return; }
  if (typing) return;
  const before = keys.before;
  keys.before = event.key;
  if (event.key === "/") { event.preventDefault(); if (here().view === "search") $("q")?.focus(); else location.hash = address("search"); }
  else if (before === "g" && event.key === "o") location.hash = address("");
  else if (before === "g" && event.key === "a") location.hash = address("agencies");
  else if (event.key === "[") document.querySelector("a[rel=prev]")?.click();
  else if (event.key === "]") document.querySelector("a[rel=next]")?.click();
}
function colours() {
  const own = (mixed) => core.scheme.kinds.map((kind, k) => `--kind-${k}:${mixed ? `color-mix(in oklab, ${kind.colour} 58%, white)` : kind.colour}`).join(";");
  const rules = core.scheme.kinds.map((kind, k) => `.k${k}{--k:${kind.colour}}`).join("") + `:root{${own(false)}}:root[data-theme=dark]{${own(true)}}@media (prefers-color-scheme: dark){:root:not([data-theme=light]){${own(true)}}}`;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
function begin() {
  if (!start()) { $("main").prepend(h("p", { class: "empty" }, t("load_failed"))); return; }
  const theme = memory.get("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  index();
  colours();
  tips();
  addEventListener("hashchange", show);
  addEventListener("keydown", keys);
  $("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
  show();
}
begin();
