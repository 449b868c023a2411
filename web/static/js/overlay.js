// @ts-check
/** What the viewer lays over a board: who reaches which cell first, and moves that were better. */

/** @import {Pen} from "./paint.js" */
/** @import {Action, Cell, ReplayView, Seat} from "./types.js" */
import { COL_STEP, headingAfter, ROW_STEP } from "./state.js";

/** As `tron_env.regions.Owner` has them. */
const CONTESTED = 3;

const TINT = 0.16;
const CROSS = 0.34;

/**
 * Who owns each playable cell at each ply, two bits a cell, the first cell in the lowest bits.
 * @typedef {object} Owners
 * @property {Uint8Array} packed
 * @property {number} rows  playable ones
 * @property {number} cols
 */

/**
 * A mistake: where the rider stood, what it did, what would have been better, and how it would have
 * gone on from there where a search told: own moves and the other's in turn.
 * @typedef {{ply: number, seat: Seat, from: Cell, played: Action, better: Action, line: readonly Action[], kind: string}} Mistake
 */

/**
 * @param {Owners} owners
 * @param {number} ply
 * @param {number} index  of the cell, row by row
 * @returns {number} 0 nobody, 1 and 2 the riders, 3 both at once
 */
export function ownerOf({ packed, rows, cols }, ply, index) {
  const place = ply * rows * cols + index;
  return (packed[place >> 2] >> ((place & 3) * 2)) & 3;
}

/**
 * Tint each cell for who reaches it first; those that both reach at once are hatched.
 * @param {Pen} pen
 * @param {Owners} owners
 * @param {number} ply
 */
export function paintTerritory({ context: c, look, cellPx, place }, owners, ply) {
  const { rows, cols } = owners;
  const [left, top] = place([0.5, 0.5]);
  /** @param {number} col */
  const x = (col) => Math.round(left + col * cellPx);
  /** @param {number} row */
  const y = (row) => Math.round(top + row * cellPx);
  const hatch = new Path2D();
  c.globalAlpha = TINT;
  for (let row = 0; row < rows; row += 1) {
    // Runs of one owner go down in one stroke: a cell alone would cost as much.
    for (let col = 0; col < cols; ) {
      const owner = ownerOf(owners, ply, row * cols + col);
      const from = col;
      while (col < cols && ownerOf(owners, ply, row * cols + col) === owner) col += 1;
      if (owner === CONTESTED) traceHatch(hatch, x, y, cellPx, row, from, col);
      else if (owner !== 0) {
        c.fillStyle = look.seats[owner - 1];
        c.fillRect(x(from), y(row), x(col) - x(from), y(row + 1) - y(row));
      }
    }
  }
  c.globalAlpha = CROSS;
  c.strokeStyle = look.core;
  c.lineWidth = Math.max(1, cellPx / 16);
  c.stroke(hatch);
  c.globalAlpha = 1;
}

/**
 * @param {Path2D} path
 * @param {(col: number) => number} x
 * @param {(row: number) => number} y
 * @param {number} cellPx
 * @param {number} row
 * @param {number} from
 * @param {number} to  one past the last column
 */
function traceHatch(path, x, y, cellPx, row, from, to) {
  for (let col = from; col < to; col += 1) {
    path.moveTo(x(col) + cellPx * 0.2, y(row) + cellPx * 0.8);
    path.lineTo(x(col) + cellPx * 0.8, y(row) + cellPx * 0.2);
  }
}

/**
 * @param {ReplayView} view
 * @param {readonly {ply: number, kind: string, seat: Seat|null, better: Action|null, line: readonly Action[]}[]} marks
 * @returns {Mistake[]} the marks that know a better move, each with the moves it compares
 */
export function mistakes(view, marks) {
  /** @type {Mistake[]} */
  const found = [];
  for (const { ply, kind, seat, better, line } of marks) {
    if (seat === null || better === null || ply < 1) continue;
    const from = view.trails[seat][ply - 1];
    if (from === undefined) continue;
    found.push({ ply, seat, from, played: headingAfter(view, seat, ply - 1), better, line, kind });
  }
  return found;
}

/**
 * @param {Pick<Mistake, "from"|"better"|"line">} mistake
 * @returns {Cell[]} the way that would have been better, from where the rider stood; where no line
 *   of two own moves is known, a few cells ahead, which tell the direction only
 */
export function betterWay({ from, better, line }) {
  const own = line.filter((_, place) => place % 2 === 0);
  const way = [from];
  for (const action of own.length > 1 ? own : [better, better, better]) {
    const [row, col] = way[way.length - 1];
    way.push([row + ROW_STEP[action], col + COL_STEP[action]]);
  }
  return way;
}

/**
 * The better way as a dashed arrow of light, from where the rider stood.
 * @param {Pen} pen
 * @param {Mistake} mistake
 */
export function paintBetter({ context: c, look, cellPx, place }, mistake) {
  const [[x, y], ...way] = betterWay(mistake).map((cell) => place(cell));
  const [tip, before] = [way[way.length - 1], way[way.length - 2]];
  const [dx, dy] = [tip[0] - before[0], tip[1] - before[1]];
  c.strokeStyle = look.core;
  c.fillStyle = look.core;
  c.lineWidth = cellPx * 0.16;
  c.lineCap = "round";
  c.globalAlpha = 0.95;
  c.setLineDash([cellPx * 0.3, cellPx * 0.34]);
  c.beginPath();
  c.moveTo((x + way[0][0]) / 2, (y + way[0][1]) / 2);
  for (const cell of way.slice(0, -1)) c.lineTo(cell[0], cell[1]);
  c.lineTo(tip[0] - dx * 0.5, tip[1] - dy * 0.5);
  c.stroke();
  c.setLineDash([]);
  c.beginPath();
  c.moveTo(tip[0], tip[1]);
  c.lineTo(tip[0] - dx * 0.7 - dy * 0.42, tip[1] - dy * 0.7 + dx * 0.42);
  c.lineTo(tip[0] - dx * 0.7 + dy * 0.42, tip[1] - dy * 0.7 - dx * 0.42);
  c.closePath();
  c.fill();
  c.strokeStyle = look.hot[mistake.seat];
  c.lineWidth = cellPx * 0.1;
  c.beginPath();
  c.arc(x, y, cellPx * 0.9, 0, 2 * Math.PI);
  c.stroke();
  c.globalAlpha = 1;
}
