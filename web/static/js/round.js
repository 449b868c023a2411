// @ts-check
/** A round's page: names the pair under the pointer, and follows the round while it runs. */

import { followStatus } from "./status.js";

/** @param {ParentNode} part  of the page, or all of it */
function namePairs(part) {
  const out = part.querySelector("[data-pair]");
  const table = part.querySelector(".cross");
  if (out === null || table === null) return;
  const still = out.textContent;
  /** @param {Event} event */
  const show = (event) => {
    const cell = event.target instanceof Element ? event.target.closest("[data-label]") : null;
    out.textContent = cell instanceof HTMLElement ? (cell.dataset.label ?? still) : still;
  };
  table.addEventListener("pointerover", show);
  table.addEventListener("focusin", show);
  table.addEventListener("pointerleave", () => {
    out.textContent = still;
  });
}

followStatus(namePairs);
namePairs(document);
