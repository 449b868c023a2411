// @ts-check
/** Thumbnails: the decisive frame of a game, or its last, drawn when it comes near the screen. */

import { viewOf } from "./dom.js";
import { Board } from "./render.js";
import { frameAt } from "./state.js";

/** @param {HTMLCanvasElement} canvas */
function drawThumb(canvas) {
  const view = viewOf(canvas);
  const ply = Number(canvas.dataset.at ?? view.plies);
  new Board(canvas, { still: true }).draw(frameAt(view, ply), 0);
}

/**
 * Draw every thumbnail under `root`, now or when scrolled to, and again after a resize.
 * @param {ParentNode} [root]
 */
export function drawThumbs(root = document) {
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target instanceof HTMLCanvasElement) drawThumb(target);
    }
  });
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        resized.observe(target);
      }
    },
    { rootMargin: "800px" },
  );
  for (const canvas of root.querySelectorAll("canvas[data-thumb]")) seen.observe(canvas);
}
