// @ts-check
/** The council: what the last light champions would have played, asked for one ply at a time. */

/** @import {Action} from "./types.js" */
import { ARROWS, directionText, say } from "./words.js";

/**
 * What one member thinks for one rider; `share` only where its values are logits.
 * @typedef {{action: Action, rank: number|null, share: number|null}} Voice
 */
/** @typedef {{name: string, round: number|null, voices: (Voice|null)[]}} Member */
/** @typedef {{ply: number, members: Member[]}} Answer */

/**
 * @param {Voice|null} voice
 * @returns {HTMLTableCellElement}
 */
function voiceCell(voice) {
  const cell = document.createElement("td");
  if (voice === null) {
    cell.textContent = say("council.no_answer");
    cell.className = "muted";
    return cell;
  }
  const arrow = document.createElement("b");
  arrow.textContent = ARROWS[voice.action];
  arrow.title = directionText(voice.action);
  cell.append(arrow, ` ${directionText(voice.action)}`);
  if (voice.share !== null) cell.append(` ${Math.round(voice.share * 100)}%`);
  const rank = document.createElement("small");
  rank.className = voice.rank === 1 ? "win" : "muted";
  if (voice.rank !== null) {
    rank.textContent = say(voice.rank === 1 ? "council.as_played" : `council.rank_${voice.rank}`);
  }
  cell.append(rank);
  return cell;
}

/** @param {Member} member */
function memberRow({ name, round, voices }) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  head.title = name;
  if (round !== null) {
    const small = document.createElement("small");
    small.className = "muted";
    small.textContent = say("council.round", { round });
    head.append(small);
  }
  row.append(head, ...voices.map(voiceCell));
  return row;
}

/**
 * @param {HTMLElement} panel
 * @param {string} address
 * @param {number} plies
 * @returns {{ask: (ply: number) => Promise<void>, stale: (ply: number) => void}}
 */
export function bindCouncil(panel, address, plies) {
  const note = /** @type {HTMLElement} */ (panel.querySelector("[data-council-note]"));
  const table = /** @type {HTMLTableElement} */ (panel.querySelector("[data-council-table]"));
  /** @type {Map<number, Answer>} */
  const kept = new Map();
  let shown = -1;

  /** @param {Answer} answer */
  const show = (answer) => {
    shown = answer.ply;
    table.tBodies[0].replaceChildren(...answer.members.map(memberRow));
    table.hidden = false;
    table.classList.remove("stale");
    note.textContent = say("council.answered", { ply: answer.ply });
    panel.dataset.ply = String(answer.ply);
  };

  return {
    async ask(ply) {
      if (ply >= plies) {
        note.textContent = say("council.over");
        return;
      }
      const known = kept.get(ply);
      if (known !== undefined) {
        show(known);
        return;
      }
      note.textContent = say("council.asking");
      try {
        const response = await fetch(`${address}?ply=${ply}`);
        if (response.status === 429) {
          note.textContent = say("council.busy");
          return;
        }
        if (!response.ok) throw new Error(String(response.status));
        /** @type {Answer} */
        const answer = await response.json();
        kept.set(ply, answer);
        show(answer);
      } catch {
        note.textContent = say("council.failed");
      }
    },
    stale(ply) {
      table.classList.toggle("stale", ply !== shown);
    },
  };
}
