// @ts-check
/** The replay page: wires board, cursor, transport and keys together. */

import { animate, need, viewOf } from "./dom.js";
import { Playback } from "./playback.js";
import { prefersStill } from "./look.js";
import { Board } from "./render.js";
import { frameAt } from "./state.js";

const canvas = need("canvas[data-board]", HTMLCanvasElement);
const scrubber = need("[data-scrubber]", HTMLInputElement);
const plyOut = need("[data-ply-out]", HTMLElement);
const speedButton = need("[data-do=speed]", HTMLButtonElement);
const playButton = need("[data-do=play]", HTMLButtonElement);
const copyButton = need("[data-do=copy]", HTMLButtonElement);

const view = viewOf(canvas);
const board = new Board(canvas);
const asked = new URLSearchParams(location.search).get("ply");
const playback = new Playback(view.plies, asked === null ? 0 : Number(asked) || 0);
if (asked === null && !prefersStill()) playback.play();

let before = performance.now();
let shownPly = -1;

function permalink() {
  const url = new URL(location.href);
  url.searchParams.set("ply", String(Math.floor(playback.cursor)));
  return url;
}

function showCursor() {
  const ply = Math.floor(playback.cursor);
  if (ply !== shownPly) {
    shownPly = ply;
    plyOut.textContent = String(ply);
    scrubber.value = String(ply);
    scrubber.setAttribute("aria-valuetext", `ply ${ply} of ${view.plies}`);
    scrubber.style.setProperty("--part", String(view.plies === 0 ? 0 : ply / view.plies));
  }
  playButton.dataset.playing = String(playback.playing);
  playButton.setAttribute("aria-label", playback.playing ? "Pause" : "Play");
  speedButton.textContent = `${playback.speed}×`;
}

const wake = animate((now) => {
  const moved = playback.advance(Math.min(now - before, 250));
  before = now;
  board.draw(frameAt(view, playback.cursor), now);
  showCursor();
  if (moved && !playback.playing) history.replaceState(null, "", permalink());
  return playback.playing || board.busy(now);
});

/** @param {() => void} change */
function act(change) {
  change();
  before = performance.now();
  if (!playback.playing) history.replaceState(null, "", permalink());
  wake();
}

/** @type {Readonly<Record<string, () => void>>} */
const ACTIONS = {
  first: () => playback.seek(0),
  back: () => playback.step(-1),
  play: () => playback.toggle(),
  on: () => playback.step(1),
  last: () => playback.seek(view.plies),
  speed: () => playback.cycleSpeed(),
};

/** @type {ReadonlyMap<string, () => void>} */
const KEYS = new Map([
  [" ", ACTIONS.play],
  ["k", ACTIONS.play],
  ["ArrowLeft", ACTIONS.back],
  ["ArrowRight", ACTIONS.on],
  ["PageDown", () => playback.step(-10)],
  ["PageUp", () => playback.step(10)],
  ["Home", ACTIONS.first],
  ["End", ACTIONS.last],
  ["ArrowUp", () => playback.changeSpeed(1)],
  ["ArrowDown", () => playback.changeSpeed(-1)],
]);

addEventListener("keydown", (event) => {
  const change = KEYS.get(event.key);
  const onButton = event.target instanceof HTMLElement && event.target.closest("button, a");
  if (change === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === " " && onButton) return;
  event.preventDefault();
  act(change);
});

for (const button of document.querySelectorAll("[data-do]")) {
  if (!(button instanceof HTMLElement)) continue;
  const change = ACTIONS[button.dataset.do ?? ""];
  if (change !== undefined) button.addEventListener("click", () => act(change));
}

scrubber.addEventListener("input", () => act(() => playback.seek(Number(scrubber.value))));
canvas.addEventListener("click", () => act(ACTIONS.play));
copyButton.addEventListener("click", async () => {
  await navigator.clipboard?.writeText(permalink().href);
  copyButton.textContent = "Copied";
  setTimeout(() => {
    copyButton.textContent = "Copy link";
  }, 1500);
});
new ResizeObserver(wake).observe(canvas);
