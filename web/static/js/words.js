// @ts-check
/** What the modules say; the texts themselves stand in `web/texts/browser.json`. */

/** @import {Action, Seat} from "./types.js" */
import texts from "../../texts/browser.json" with { type: "json" };

/** @typedef {{ply: number, kind: string, seat: Seat|null, pair: number[]|null, amount: number|null, better: Action|null, line: readonly Action[]}} Mark */

export const ARROWS = Object.freeze(["↑", "→", "↓", "←"]);

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
 * @param {string} key  of a text, such as "council.asking"
 * @param {Record<string, unknown>} [slots]  what its braces hold
 * @returns {string}
 */
export function say(key, slots = {}) {
  const text = /** @type {Record<string, string|undefined>} */ (texts)[key];
  if (text === undefined) throw new Error(`there is no text ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, slot) => String(slots[slot]));
}

/** @param {Action} action */
export function directionText(action) {
  return say(`direction.${action}`);
}

/**
 * @param {Mark} mark
 * @param {readonly string[]} names
 * @returns {string} such as "ply 57: Ann cuts the other off and gains 40 cells"
 */
export function markText({ ply, kind, seat, amount, pair }, names) {
  const key = kind === "decided" && seat === null ? "mark.decided_draw" : `mark.${kind}`;
  const [first, second] = pair ?? [];
  return say("mark.at", { ply, what: say(key, { name: names[seat ?? 0], amount, first, second }) });
}

/**
 * @param {{better: Action, played: Action, seat: Seat, line: readonly Action[]}} mistake
 * @param {readonly string[]} names
 * @returns {string} such as "Ann went up; left was better: ←←↑ against ↓↓→"
 */
export function betterText({ better, played, seat, line }, names) {
  const told = say(better === played ? "viewer.best" : "viewer.better", {
    name: names[seat],
    better: directionText(better),
    played: directionText(played),
  });
  if (line.length < 2) return told;
  const [own, other] = [0, 1].map((rider) =>
    line.map((action, place) => (place % 2 === rider ? ARROWS[action] : "")).join(""),
  );
  return say("viewer.line", { told, own, other });
}
