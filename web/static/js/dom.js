// @ts-check
/** Small helpers over the document. */

/** @import {ReplayView} from "./types.js" */
import { expanded } from "./compact.js";

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new (...args: never[]) => T} kind
 * @returns {T} the element, which the page's template promises
 */
export function need(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * @param {HTMLElement} element
 * @returns {ReplayView} what its `data-view` holds
 */
export function viewOf(element) {
  return expanded(JSON.parse(element.dataset.view ?? "null"));
}

/** @returns {Pick<Storage, "getItem"|"setItem">} what outlives the page, or nothing where it is forbidden */
export function memory() {
  try {
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => {} };
  }
}

/**
 * Run `draw` once a screen refresh while it asks for more; `wake` starts it again.
 * @param {(now: number) => boolean} draw  returns whether to go on
 * @returns {() => void} wake
 */
export function animate(draw) {
  let scheduled = false;
  /** @param {number} now */
  const run = (now) => {
    scheduled = false;
    if (draw(now)) wake();
  };
  const wake = () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(run);
  };
  wake();
  return wake;
}

/**
 * Mark the present one of several.
 * @param {Element} element
 * @param {boolean} current
 */
export function setCurrent(element, current) {
  if (current) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
}
