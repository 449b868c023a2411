// @ts-check
/** The whole cross table of a large round, on a canvas that fetches its rows. */

import { say } from "./words.js";

const CHUNK = 16;

/**
 * Which cell of a square heat map a point lies in.
 * @param {number} x  from 0 to `side`
 * @param {number} y
 * @param {number} side
 * @param {number} entrants
 * @returns {{row: number, col: number}} from 0
 */
function cellAt(x, y, side, entrants) {
  /** @param {number} at */
  const place = (at) => Math.min(Math.max(Math.floor((at / side) * entrants), 0), entrants - 1);
  return { row: place(y), col: place(x) };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLElement} out  names the pair under the pointer
 */
export function drawHeat(canvas, out) {
  const entrants = Number(canvas.dataset.entrants);
  const address = `/rounds/${canvas.dataset.round}/cross`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const still = out.textContent;
  /** @type {(number[]|undefined)[]} */
  const rows = Array.from({ length: entrants });
  /** @type {string[]} */
  const names = [];
  const at = { row: 0, col: 1 };

  const style = getComputedStyle(canvas);
  const [low, high, ground] = ["--board-seat-1", "--board-seat-0", "--board"].map((name) =>
    style.getPropertyValue(name),
  );
  const scale = Math.max(1, Math.floor(1200 / entrants));
  canvas.width = canvas.height = entrants * scale;

  /** @param {number} row */
  const paintRow = (row) => {
    context.fillStyle = ground;
    context.globalAlpha = 1;
    context.fillRect(0, row * scale, canvas.width, scale);
    for (const [col, percent] of (rows[row] ?? []).entries()) {
      if (percent < 0) continue;
      context.fillStyle = percent >= 50 ? high : low;
      context.globalAlpha = 0.12 + (0.78 * Math.abs(percent - 50)) / 50;
      context.fillRect(col * scale, row * scale, scale, scale);
    }
    context.globalAlpha = 1;
  };
  for (let row = 0; row < entrants; row += 1) paintRow(row);

  const load = async () => {
    for (let first = 1; first <= entrants && canvas.isConnected; first += CHUNK) {
      const response = await fetch(`${address}?first=${first}&count=${CHUNK}`);
      if (!response.ok) {
        out.textContent = say("round.cross_failed");
        return;
      }
      const answer = await response.json();
      if (first === 1) names.push(...answer.names);
      for (const [index, row] of answer.rows.entries()) {
        rows[first - 1 + index] = row;
        paintRow(first - 1 + index);
      }
      canvas.dataset.loaded = String(Math.min(first - 1 + CHUNK, entrants));
    }
  };

  const tell = () => {
    const percent = rows[at.row]?.[at.col];
    const pair = {
      row: at.row + 1,
      column: at.col + 1,
      first: names[at.row] ?? "",
      second: names[at.col] ?? "",
    };
    if (percent === undefined) out.textContent = still;
    else out.textContent = say(percent < 0 ? "round.never_met" : "round.share", { ...pair, percent });
    canvas.dataset.at = `${at.row + 1},${at.col + 1}`;
  };
  const open = () => {
    if ((rows[at.row]?.[at.col] ?? -1) >= 0) {
      location.assign(`${address}/${at.row + 1}/${at.col + 1}`);
    }
  };
  /** @param {PointerEvent|MouseEvent} event */
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    Object.assign(at, cellAt(event.clientX - box.left, event.clientY - box.top, box.width, entrants));
    tell();
  };
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("click", (event) => {
    point(event);
    open();
  });
  /** @type {Readonly<Record<string, [number, number]>>} */
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (event.key === "Enter") open();
    if (step === undefined) return;
    event.preventDefault();
    at.row = Math.min(Math.max(at.row + step[0], 0), entrants - 1);
    at.col = Math.min(Math.max(at.col + step[1], 0), entrants - 1);
    tell();
  });
  new IntersectionObserver(([entry], observer) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    void load();
  }).observe(canvas);
}
