// @ts-check
/** The ladder of opponents, listed from its top. */

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
