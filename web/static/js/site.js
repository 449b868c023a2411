// @ts-check
/** On every page: the theme switch, and buttons that copy. */

import { copyText } from "./copy.js";

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
    button.setAttribute("aria-label", `Theme: ${chosen()}. Change it`);
    button.title = `Theme: ${chosen()}`;
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
  void copyText(copier, (source?.textContent ?? "").trim(), "Select it and copy");
});
