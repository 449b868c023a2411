// @ts-check
/** On every page: the theme switch, buttons that copy, and menus that close again. */

import { copyText } from "./copy.js";
import { say } from "./words.js";

const THEMES = Object.freeze(["auto", "dark", "light"]);
const YEAR_SECONDS = 31_536_000;

/** @returns {string} the theme that the reader chose, "auto" for the system's */
function chosen() {
  return document.documentElement.dataset.theme ?? "auto";
}

/** @param {string} theme */
function choose(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  // A cookie, so that the server writes the theme into the page and nothing flashes.
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
  dispatchEvent(new Event("theme"));
}

const button = document.querySelector("[data-do=theme]");
if (button instanceof HTMLButtonElement) {
  const name = () => {
    button.dataset.shown = chosen();
    const theme = say(`theme.${chosen()}`);
    button.setAttribute("aria-label", say("theme.change", { theme }));
    button.title = say("theme.name", { theme });
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    choose(THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length]);
    name();
  });
  name();
}

document.addEventListener("click", (event) => {
  const copier = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!(copier instanceof HTMLElement)) return;
  const source = document.getElementById(copier.dataset.copy ?? "");
  void copyText(copier, (source?.textContent ?? "").trim(), say("copy.by_hand"));
});

/** Menus that hang over the page; other `details` are part of it and stay. */
const HANGING = "details.more[open]";

document.addEventListener("pointerdown", ({ target }) => {
  for (const menu of document.querySelectorAll(HANGING)) {
    if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(HANGING)) {
    menu.removeAttribute("open");
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
  }
});
