// @ts-check
/** Reads the small form of a game, `web/thumbs.py`, in which lists carry it. */

/** @import {Action, Cell, ReplayView, Seat} from "./types.js" */
import { COL_STEP, ROW_STEP, SEATS } from "./state.js";

const LETTERS = "URDL";

/**
 * A game with moves in place of cells.
 * @typedef {Omit<ReplayView, "trails"|"headings"> & {starts: [Cell, Cell], moves: [string, string]}} SmallView
 */

/**
 * @param {string} moves  such as "U12R3U"
 * @returns {Action[]} one heading a ply
 */
export function headingsOf(moves) {
  /** @type {Action[]} */
  const headings = [];
  for (const [, letter, count] of moves.matchAll(/([URDL])(\d*)/g)) {
    const heading = /** @type {Action} */ (LETTERS.indexOf(letter));
    for (let left = count === "" ? 1 : Number(count); left > 0; left -= 1) headings.push(heading);
  }
  return headings;
}

/**
 * @param {SmallView|ReplayView} view
 * @returns {ReplayView} the game with its cells
 */
export function expanded(view) {
  if (!("moves" in view)) return view;
  const { starts, moves, ...rest } = view;
  const headings = moves.map(headingsOf);
  /** @param {Seat} seat */
  const trail = (seat) => {
    // A rider that died did not move on the last ply.
    const ridden = view.plies - (view.causes[seat] === "none" ? 0 : 1);
    /** @type {Cell[]} */
    const cells = [starts[seat]];
    for (const heading of headings[seat].slice(0, Math.max(ridden, 0))) {
      const [row, col] = cells[cells.length - 1];
      cells.push([row + ROW_STEP[heading], col + COL_STEP[heading]]);
    }
    return cells;
  };
  /** @param {Seat} seat */
  const last = (seat) =>
    headings[seat].at(-1) ?? /** @type {Action} */ (LETTERS.indexOf(moves[seat][0]));
  const [first, second] = SEATS;
  return { ...rest, trails: [trail(first), trail(second)], headings: [last(first), last(second)] };
}
