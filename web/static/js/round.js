// @ts-check
/** A round's page: names the pair under the pointer, and follows the round while it runs. */

import { startCountdowns } from "./countdown.js";
import { drawHeat } from "./heat.js";
import { followStatus } from "./status.js";
import { drawThumbs } from "./thumbs.js";
import { say } from "./words.js";

/** @param {ParentNode} part  of the page, or all of it */
function namePairs(part) {
  const out = part.querySelector("[data-pair]");
  const table = part.querySelector("table[data-cross]");
  if (out === null || !(table instanceof HTMLTableElement)) return;
  const still = out.textContent;
  const columns = [...table.querySelectorAll("thead th")].map((head) => head.getAttribute("abbr"));
  /** @param {Event} event */
  const show = (event) => {
    const link = event.target instanceof Element ? event.target.closest("td > a") : null;
    const cell = link?.parentElement;
    const row = cell?.parentElement?.querySelector("th")?.getAttribute("title");
    out.textContent =
      cell instanceof HTMLTableCellElement
        ? say("round.pair", { row, score: link?.textContent, column: columns[cell.cellIndex - 1] })
        : still;
  };
  table.addEventListener("pointerover", show);
  table.addEventListener("focusin", show);
  table.addEventListener("pointerleave", () => {
    out.textContent = still;
  });
}

/** @param {ParentNode} part */
function show(part) {
  namePairs(part);
  drawThumbs(part);
  startCountdowns(part);
  const canvas = part.querySelector("canvas[data-heat]");
  const out = part.querySelector("[data-heat-pair]");
  if (canvas instanceof HTMLCanvasElement && out instanceof HTMLElement) drawHeat(canvas, out);
}

followStatus(show);
show(document);
