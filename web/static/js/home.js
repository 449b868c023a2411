// @ts-check
/** The home page: a duel that plays itself, thumbnails, and news of rounds. */

import { startCountdowns } from "./countdown.js";
import { animate, viewOf } from "./dom.js";
import { prefersStill } from "./look.js";
import { Board } from "./render.js";
import { frameAt } from "./state.js";
import { followStatus } from "./status.js";
import { drawThumbs } from "./thumbs.js";
import { say } from "./words.js";

const PLIES_A_SECOND = 9;
const REST_MS = 1900;

/**
 * Says with the duel what is going on in it.
 * @param {HTMLCanvasElement} canvas
 * @returns {(ply: number) => void}
 */
function teller(canvas) {
  /** @type {{text: string, ply: number}[]} */
  const story = JSON.parse(canvas.dataset.story ?? "[]");
  const out = canvas.parentElement?.querySelector("[data-said]");
  let said = -2;
  return (ply) => {
    const now = story.findLastIndex((sentence) => sentence.ply <= ply);
    if (now === said || !(out instanceof HTMLElement)) return;
    said = now;
    out.textContent = story[now]?.text ?? say("home.off");
    out.classList.remove("arrive");
    void out.offsetWidth;
    out.classList.add("arrive");
  };
}

/** @param {HTMLCanvasElement} canvas */
function playHomeDuel(canvas) {
  const view = viewOf(canvas);
  const board = new Board(canvas);
  const tell = teller(canvas);
  if (prefersStill()) {
    const drawLast = () => board.draw(frameAt(view, view.plies), 0);
    new ResizeObserver(drawLast).observe(canvas);
    return;
  }
  let visible = true;
  let ply = 0;
  let before = performance.now();
  let restUntil = 0;
  const wake = animate((now) => {
    const elapsed = Math.min(now - before, 100);
    before = now;
    if (ply < view.plies) {
      ply = Math.min(ply + (elapsed / 1000) * PLIES_A_SECOND, view.plies);
      if (ply === view.plies) restUntil = now + REST_MS;
    } else if (now > restUntil) {
      ply = 0;
    }
    board.draw(frameAt(view, ply), now);
    tell(ply);
    return visible && canvas.isConnected;
  });
  new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    before = performance.now();
    wake();
  }).observe(canvas);
}

/** @param {ParentNode} part  of the page, or all of it */
function show(part) {
  const canvas = part.querySelector("canvas[data-home-duel]");
  if (canvas instanceof HTMLCanvasElement) playHomeDuel(canvas);
  drawThumbs(part);
  startCountdowns(part);
}

followStatus(show);
show(document);
