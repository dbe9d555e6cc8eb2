// The daily path by keyboard; every page does the same without it. Rows are chosen by focusing their link, so that Enter
// and screen readers need nothing of ours. Whoever dictates or has keys of their own turns these off in the footer.
"use strict";
(() => {
  const store = {
    get off() { try { return localStorage.getItem("keys") === "off"; } catch { return false; } },
    set off(off) { try { localStorage.setItem("keys", off ? "off" : "on"); } catch { /* It holds for this page alone. */ } },
  };
  let off = store.off;
  const main = document.getElementById("main");
  const rows = () => [...main.querySelectorAll("table.list tbody tr, article.entry")].filter((row) => row.querySelector("a[href]"));
  const search = () => main.querySelector("input[type=search]");
  const step = (by) => {
    const all = rows();
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = here < 0 ? all[by > 0 ? 0 : all.length - 1] : all[here + by];
    next?.querySelector("a[href]").focus();
  };
  const settle = () => {
    const row = rows().find((row) => row.contains(document.activeElement)) ?? main;
    const controls = "summary, form button, form select, form textarea, form input:not([type=hidden]):not([type=search])";
    [...row.querySelectorAll(controls)].find((one) => one.checkVisibility())?.focus();
  };
  const keys = {
    "/": () => { if (search()) search().focus(); else location.assign("/orders#search"); },
    j: () => step(1),
    k: () => step(-1),
    e: settle,
  };
  document.addEventListener("keydown", (event) => {
    if (off || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const act = Object.hasOwn(keys, event.key) && keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  if (location.hash === "#search") search()?.focus();
  const button = document.createElement("button");
  const says = () => { button.textContent = off ? "Turn keys on" : "Keys: / search, j next, k previous, Enter open, e settle. Turn off"; };
  button.type = "button";
  button.className = "plain";
  button.addEventListener("click", () => { off = !off; store.off = off; says(); });
  says();
  document.querySelector("footer").append(" ", button);
})();
