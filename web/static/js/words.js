// @ts-check
/** Every sentence that the viewer says by itself; the rest comes from the server. */

/** @import {Seat} from "./types.js" */

export const DIRECTIONS = Object.freeze(["up", "right", "down", "left"]);
export const ARROWS = Object.freeze(["↑", "→", "↓", "←"]);

/** @typedef {{ply: number, kind: string, seat: Seat|null, pair: number[]|null, amount: number|null, better: number|null}} Mark */

/** @type {Readonly<Record<string, (name: string, mark: Mark) => string>>} */
const MARKS = {
  first_contact: (name) => `${name} comes close to the other's trail for the first time`,
  face_off: (_, { amount }) => `face-off, ${amount} cells apart`,
  cut_off: (name, { amount }) => `${name} cuts the other off and gains ${amount} cells`,
  separation: (_, { pair }) => `separated: ${pair?.[0]} cells against ${pair?.[1]}`,
  war_of_attrition: (_, { amount }) => `both fill their halves for ${amount} plies`,
  head_on_gamble: (name) => `${name} gambles on a head-on`,
  self_trap: (name, { pair }) => `${name} keeps ${pair?.[0]} of ${pair?.[1]}`,
  decided: (name, { seat }) => (seat === null ? "only a draw is left" : `${name} has lost from here on`),
  missed_win: (name) => `${name} gives a won game away`,
  missed_draw: (name) => `${name} gives a draw away`,
  blunder: (name, { amount }) => `${name} blunders ${amount} cells`,
  end: () => "the end",
};

/** How a mark is drawn on the scrubber. @type {Readonly<Record<string, string>>} */
export const MARK_SHAPES = Object.freeze({
  first_contact: "ring",
  face_off: "ring",
  cut_off: "wedge",
  separation: "bar",
  war_of_attrition: "bar",
  head_on_gamble: "wedge",
  self_trap: "cross",
  decided: "flag",
  missed_win: "cross",
  missed_draw: "cross",
  blunder: "cross",
  end: "flag",
});

/**
 * @param {Mark} mark
 * @param {readonly string[]} names
 * @returns {string} such as "ply 57: Ann cuts the other off and gains 40 cells"
 */
export function markText(mark, names) {
  const tell = MARKS[mark.kind];
  const what = tell === undefined ? mark.kind : tell(names[mark.seat ?? 0], mark);
  return `ply ${mark.ply}: ${what}`;
}

/**
 * @param {{better: number, played: number, seat: Seat}} mistake
 * @param {readonly string[]} names
 */
export function betterText({ better, played, seat }, names) {
  if (better === played) return `${names[seat]} found the best way: ${DIRECTIONS[better]}`;
  return `${names[seat]} went ${DIRECTIONS[played]}; ${DIRECTIONS[better]} was better`;
}

/** @param {number} rank 1 to 4 */
export function rankText(rank) {
  return ["", "1st", "2nd", "3rd", "4th"][rank] ?? "";
}

export const COUNCIL = Object.freeze({
  asking: "Asking the champions …",
  over: "The game is over here: there is nothing left to choose.",
  busy: "The council is busy. Nothing is lost; ask again in a moment.",
  failed: "The council did not answer. The game plays on; try again in a moment.",
  /** @param {number} ply */
  answered: (ply) => `What each would have played at ply ${ply}, and how it ranks the move that was played.`,
});
