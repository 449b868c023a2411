// @ts-check
/** The replay viewer: one board, one cursor, and everything that follows it. */

/** @import {Owners} from "./overlay.js" */
/** @import {Mark} from "./words.js" */
import { chart } from "./charts.js";
import { animate, need, viewOf } from "./dom.js";
import { prefersStill } from "./look.js";
import { mistakes, paintBetter, paintTerritory } from "./overlay.js";
import { Playback } from "./playback.js";
import { Board } from "./render.js";
import { frameAt } from "./state.js";
import { betterText, MARK_SHAPES, markText, say } from "./words.js";

/** The cursor rests once it has not moved for so long; browsers limit how often an address changes. */
const REST_MS = 250;
const SAID_MS = 2500;

/**
 * What the server says of a game, see `replays/report.py`.
 * @typedef {object} Analysis
 * @property {Mark[]} marks
 * @property {[number[], number[]]} territory
 * @property {{values: number[]}|null} [deep]
 */

/**
 * @typedef {object} ViewerOptions
 * @property {number} [start]  the ply to begin at
 * @property {boolean} [playing]
 * @property {() => Promise<Owners>} [loadOwners]  who owns each cell at each ply
 * @property {(ply: number) => void} [onRest]  called when the cursor comes to rest
 * @property {(ply: number) => void} [onPly]  called at each new ply
 */

/**
 * @param {HTMLElement} root
 * @param {ViewerOptions} [options]
 */
export function mountViewer(root, options = {}) {
  const canvas = need("canvas[data-board]", HTMLCanvasElement);
  const scrubber = need("[data-scrubber]", HTMLInputElement);
  const plyOut = need("[data-ply-out]", HTMLElement);
  const speedButton = need("[data-do=speed]", HTMLButtonElement);
  const playButton = need("[data-do=play]", HTMLButtonElement);
  const note = need("[data-note]", HTMLElement);
  const readings = ["territory", "value"].map((name) => root.querySelector(`[data-reading=${name}]`));
  const sentences = [...root.querySelectorAll("[data-story] [data-ply]")];
  const told = sentences.map((link) => Number(link instanceof HTMLElement ? link.dataset.ply : 0));

  const view = viewOf(root);
  /** @type {Analysis} */
  const analysis = JSON.parse(root.dataset.analysis ?? "null");
  const marks = analysis.marks.filter(({ kind }) => kind in MARK_SHAPES);
  const wrong = mistakes(view, analysis.marks);
  const board = new Board(canvas);
  const playback = new Playback(view.plies, options.start ?? 0);
  if (options.playing === true && !prefersStill()) playback.play();

  /** @type {Owners|null} */
  let owners = null;
  let loop = false;
  let territory = false;
  /** Why the territory is not shown though it was asked for; empty where it is. */
  let trouble = "";
  let better = true;
  let shownPly = -1;
  let shownState = "";
  /** @type {Element|undefined} */
  let shownSentence;
  let resting = 0;
  /** What the page has just said, for a moment. */
  let said = "";
  let saying = 0;
  let before = performance.now();

  const charts = drawCharts();
  drawMarks();

  /** @returns {import("./overlay.js").Mistake|null} the mistake that the cursor stands at */
  function mistakeHere() {
    if (!better) return null;
    const ply = Math.floor(playback.cursor);
    return wrong.find((each) => each.ply - 1 === ply || each.ply === ply) ?? null;
  }

  function drawCharts() {
    const box = root.querySelector("[data-graphs]");
    if (!(box instanceof HTMLElement)) return [];
    box.hidden = false;
    const [first, second] = analysis.territory;
    const values = analysis.deep?.values ?? first.map((own, ply) => own - second[ply]);
    const padded = Array.from({ length: view.plies + 1 }, (_, ply) => values[ply] ?? null);
    const seek = (/** @type {number} */ ply) => act(() => playback.seek(ply));
    return [
      chart(
        need("[data-graph=territory]", HTMLElement),
        [
          { token: "--seat-0", values: first, fill: 0.2 },
          // Downwards, so that both can be seen where they are equal.
          { token: "--seat-1", values: second.map((cells) => -cells), fill: 0.2 },
        ],
        seek,
        { zero: true },
      ),
      chart(
        need("[data-graph=value]", HTMLElement),
        [
          { token: "--seat-0", values: padded.map((each) => (each === null ? null : Math.max(each, 0))), fill: 0.3 },
          { token: "--seat-1", values: padded.map((each) => (each === null ? null : Math.min(each, 0))), fill: 0.3 },
        ],
        seek,
        { zero: true },
      ),
    ];
  }

  function drawMarks() {
    const box = root.querySelector("[data-marks]");
    if (!(box instanceof HTMLElement)) return;
    for (const mark of marks) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `mark ${MARK_SHAPES[mark.kind]} ${mark.seat === null ? "" : `seat-${mark.seat}`}`;
      button.dataset.ply = String(mark.ply);
      button.style.left = `${(view.plies === 0 ? 0 : mark.ply / view.plies) * 100}%`;
      button.title = markText(mark, view.names);
      button.setAttribute("aria-label", button.title);
      // One stop for the Tab key; the arrow keys and [ ] go from mark to mark.
      button.tabIndex = -1;
      box.append(button);
    }
  }

  function showPly() {
    const ply = Math.floor(playback.cursor);
    if (ply === shownPly) return;
    shownPly = ply;
    plyOut.textContent = String(ply);
    scrubber.value = String(ply);
    scrubber.setAttribute("aria-valuetext", say("viewer.ply", { ply, plies: view.plies }));
    scrubber.style.setProperty("--part", String(view.plies === 0 ? 0 : ply / view.plies));
    for (const each of charts) each.follow(ply);
    showReadings(ply);
    showSentence(ply);
    showNote();
    options.onPly?.(ply);
  }

  /** @param {number} ply */
  function showReadings(ply) {
    const [first, second] = analysis.territory;
    const [reading, lead] = readings;
    if (reading === null || lead === null) return;
    reading.textContent = `${first[ply]} : ${second[ply]}`;
    const value = analysis.deep?.values[ply] ?? first[ply] - second[ply];
    const leader =
      value === 0
        ? say("viewer.even")
        : say("viewer.leads", { name: view.names[value > 0 ? 0 : 1], lead: Math.abs(value) });
    lead.textContent = leader;
  }

  /** @param {number} ply */
  function showSentence(ply) {
    const now = sentences[told.findLastIndex((each) => each <= ply)];
    if (now === shownSentence) return;
    shownSentence?.removeAttribute("data-now");
    now?.setAttribute("data-now", "");
    shownSentence = now;
  }

  function showNote() {
    const here = mistakeHere();
    note.hidden = here === null && trouble === "" && said === "";
    if (trouble !== "" || said !== "") note.textContent = trouble || said;
    else if (here !== null) note.textContent = betterText(here, view.names);
  }

  function showState() {
    const state = [playback.playing, playback.speed, loop, territory].join();
    if (state === shownState) return;
    shownState = state;
    playButton.dataset.playing = String(playback.playing);
    playButton.setAttribute("aria-label", say(playback.playing ? "viewer.pause" : "viewer.play"));
    speedButton.textContent = `${playback.speed}×`;
    speedButton.setAttribute("aria-label", say("viewer.speed", { speed: playback.speed }));
    press("loop", loop);
    press("territory", territory);
  }

  /**
   * @param {string} name
   * @param {boolean} on
   */
  function press(name, on) {
    root.querySelector(`[data-do=${name}]`)?.setAttribute("aria-pressed", String(on));
  }

  function paintUnder() {
    if (territory && owners !== null) paintTerritory(board, owners, Math.floor(playback.cursor));
  }

  function paintOver() {
    const here = mistakeHere();
    if (here !== null) paintBetter(board, here);
  }

  const wake = animate((now) => {
    const moved = playback.advance(Math.min(now - before, 250));
    before = now;
    board.draw(frameAt(view, playback.cursor), now, { under: paintUnder, over: paintOver });
    showPly();
    showState();
    if (moved && !playback.playing) {
      if (loop) playback.play();
      else rest();
    }
    return playback.playing || board.busy(now);
  });

  /** @param {() => void} change */
  function act(change) {
    change();
    before = performance.now();
    wake();
    if (!playback.playing) rest();
  }

  function rest() {
    clearTimeout(resting);
    resting = setTimeout(() => {
      if (!playback.playing) options.onRest?.(Math.floor(playback.cursor));
    }, REST_MS);
  }

  async function toggleTerritory() {
    if (options.loadOwners === undefined) return;
    territory = !territory;
    trouble = "";
    showState();
    try {
      if (territory) owners ??= await options.loadOwners();
    } catch {
      territory = false;
      trouble = say("viewer.no_territory");
    }
    showNote();
    wake();
  }

  /** @param {1|-1} direction */
  function toMark(direction) {
    const ply = Math.floor(playback.cursor);
    const plies = [...new Set(marks.map((mark) => mark.ply))].sort((a, b) => (a - b) * direction);
    const next = plies.find((each) => (each - ply) * direction > 0);
    if (next !== undefined) playback.seek(next);
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    first: () => playback.seek(0),
    back: () => playback.step(-1),
    play: () => playback.toggle(),
    on: () => playback.step(1),
    last: () => playback.seek(view.plies),
    speed: () => playback.cycleSpeed(),
    loop: () => {
      loop = !loop;
    },
    territory: () => void toggleTerritory(),
    better: () => {
      better = !better;
      showNote();
    },
    mark: () => toMark(1),
    unmark: () => toMark(-1),
    faster: () => playback.changeSpeed(1),
    slower: () => playback.changeSpeed(-1),
    far: () => playback.step(10),
    unfar: () => playback.step(-10),
    help: () => {
      const sheet = document.querySelector("[data-help]");
      if (sheet instanceof HTMLDialogElement && !sheet.open) sheet.showModal();
    },
  };

  bindControls(root, canvas, scrubber, { act, actions, seek: (ply) => playback.seek(ply) });
  new ResizeObserver(wake).observe(canvas);
  return {
    view,
    actions,
    /** @returns {number} the whole ply that is shown */
    ply: () => Math.floor(playback.cursor),
    /** @param {string} text  shown over the board for a moment */
    tell: (text) => {
      said = text;
      showNote();
      clearTimeout(saying);
      saying = setTimeout(() => {
        said = "";
        showNote();
      }, SAID_MS);
    },
  };
}

/** @type {ReadonlyMap<string, string>} */
const KEYS = new Map([
  [" ", "play"],
  ["k", "play"],
  ["ArrowLeft", "back"],
  ["ArrowRight", "on"],
  ["PageDown", "unfar"],
  ["PageUp", "far"],
  ["Home", "first"],
  ["End", "last"],
  ["ArrowUp", "faster"],
  ["ArrowDown", "slower"],
  ["[", "unmark"],
  ["]", "mark"],
  ["l", "loop"],
  ["t", "territory"],
  ["b", "better"],
  ["c", "council"],
  ["n", "next"],
  ["p", "previous"],
  ["s", "copy"],
  ["?", "help"],
]);

/**
 * @param {HTMLElement} root
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLInputElement} scrubber
 * @param {{act: (change: () => void) => void, actions: Record<string, () => void>, seek: (ply: number) => void}} viewer
 */
function bindControls(root, canvas, scrubber, { act, actions, seek }) {
  addEventListener("keydown", (event) => {
    const name = KEYS.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (name === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("dialog, select, textarea, input:not([type=range])")) return;
    if (event.key === " " && target?.closest("button, a, summary")) return;
    if (actions[name] === undefined) return;
    event.preventDefault();
    act(actions[name]);
  });
  for (const button of root.querySelectorAll("[data-do]")) {
    if (!(button instanceof HTMLElement)) continue;
    // Looked up when pressed: pages add actions of their own.
    button.addEventListener("click", () => {
      const change = actions[button.dataset.do ?? ""];
      if (change !== undefined) act(change);
    });
  }
  // Marks, sentences, and whatever else names a ply.
  root.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest(":is(a, button)[data-ply]") : null;
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    act(() => seek(Number(link.dataset.ply)));
  });
  scrubber.addEventListener("input", () => act(() => seek(Number(scrubber.value))));
  canvas.addEventListener("click", () => act(actions.play));
}
