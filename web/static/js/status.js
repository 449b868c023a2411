// @ts-check
/** Follows the arena's status, and brings in what changed without a reload. */

import { say } from "./words.js";

const RUNNING_MS = 1500;
const IDLE_MS = 5_000;

/**
 * @typedef {object} Status
 * @property {{round?: number|null, name?: string, sha256?: string}|null} champion
 * @property {{done: number, total: number, round: number}|null} running
 */

/**
 * What the page's markup depends on, apart from the progress bar.
 * @param {Status} status
 * @returns {string}
 */
export function pageKey({ champion, running }) {
  const crowned = champion === null ? "" : `${champion.round ?? ""}:${champion.name ?? ""}`;
  return `${crowned}|${running?.round ?? ""}`;
}

/** @param {Status["running"]} running */
function showProgress(running) {
  if (running === null) return;
  for (const bar of document.querySelectorAll("progress[data-progress]")) {
    if (!(bar instanceof HTMLProgressElement)) continue;
    bar.max = Math.max(running.total, 1);
    bar.value = running.done;
  }
  for (const text of document.querySelectorAll("[data-progress-text]")) {
    text.textContent = say("round.duels", running);
  }
}

/**
 * The page's `data-swap` parts as they came from the server, by ID: drawing changes them here.
 * @returns {Map<string, string>}
 */
export function partsAsServed() {
  const parts = [...document.querySelectorAll("[data-swap]")];
  return new Map(parts.map((part) => [part.id, part.innerHTML]));
}

/**
 * Fetch this page again and put those of its `data-swap` parts that changed in place of ours.
 * @param {Map<string, string>} served  the parts as they came; brought up to date
 * @returns {Promise<Element[]>} the new parts
 */
export async function swapParts(served) {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) return [];
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const swapped = [];
  for (const part of document.querySelectorAll("[data-swap]")) {
    const other = fresh.getElementById(part.id);
    if (other === null || other.innerHTML === served.get(part.id)) continue;
    served.set(part.id, other.innerHTML);
    other.classList.add("arrive");
    part.replaceWith(other);
    swapped.push(other);
  }
  return swapped;
}

/**
 * Poll until the page is left; to be called before anything is drawn.
 * @param {(part: Element) => void} onSwapped  called with each part that was put in another's place
 */
export function followStatus(onSwapped) {
  /** @type {string|null} */
  let key = null;
  const served = partsAsServed();
  const poll = async () => {
    let wait = IDLE_MS;
    try {
      const response = await fetch("/api/v1/status");
      if (response.ok) {
        /** @type {Status} */
        const status = await response.json();
        showProgress(status.running);
        if (status.running !== null) wait = RUNNING_MS;
        const next = pageKey(status);
        if (key !== null && key !== next) {
          for (const part of await swapParts(served)) onSwapped(part);
        }
        key = next;
      }
    } catch {
      // The server is away; the page stays as it is, and the next poll asks again.
    }
    setTimeout(poll, document.hidden ? IDLE_MS : wait);
  };
  void poll();
}
