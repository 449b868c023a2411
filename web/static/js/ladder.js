// @ts-check
/** The ladder of opponents, listed from its top. */

import { say } from "./words.js";

/**
 * @param {number} place  of the present opponent, 0 for the top
 * @param {number} rungs
 * @param {boolean} won
 * @returns {number} the next opponent: one up after a win, else one down; at either end it turns
 */
export function nextRung(place, rungs, won) {
  if (rungs < 2) return 0;
  const next = place + (won ? -1 : 1);
  if (next < 0) return 1;
  return next < rungs ? next : rungs - 2;
}

/**
 * @param {{name: string, beaten: boolean}[]} rungs  from the top
 * @returns {string} where one sits on the ladder: above the highest rung that was beaten
 */
export function standing(rungs) {
  const highest = rungs.findIndex(({ beaten }) => beaten);
  if (highest === -1) return say("ladder.none");
  if (highest === 0) return say("ladder.top");
  return say("ladder.between", { below: rungs[highest].name, above: rungs[highest - 1].name });
}
