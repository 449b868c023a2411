// @ts-check
/** The replay page: the viewer, its permalink, its council and the other games of the duel. */

import { answerOn } from "./copy.js";
import { bindCouncil } from "./council.js";
import { need } from "./dom.js";
import { fetchOwners } from "./owners.js";
import { mountViewer } from "./viewer.js";
import { say } from "./words.js";

const root = need("[data-viewer]", HTMLElement);
const sharePly = need("[data-share-ply]", HTMLElement);
const sharer = root.querySelector(".acts [data-do=copy]");
const panel = root.querySelector("[data-council]");
const here = `/replays/${root.dataset.game}`;
const asked = new URLSearchParams(location.search).get("ply");

/** @param {number} ply */
function permalink(ply) {
  const url = new URL(location.href);
  url.searchParams.set("ply", String(ply));
  return url;
}

/** @param {number} ply */
function follow(ply) {
  sharePly.textContent = String(ply);
  for (const link of root.querySelectorAll("a[data-takeover]")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    const url = new URL(link.href);
    url.searchParams.set("ply", String(ply));
    link.href = url.href;
  }
  council?.stale(ply);
}

/** @type {ReturnType<typeof bindCouncil>|null} */
let council = null;

const viewer = mountViewer(root, {
  start: asked === null ? 0 : Number(asked) || 0,
  playing: asked === null,
  loadOwners: () => fetchOwners(`${here}/territory`, viewer.view),
  onRest: (ply) => history.replaceState(null, "", permalink(ply)),
  onPly: (ply) => follow(ply),
});

if (panel instanceof HTMLElement) {
  council = bindCouncil(panel, `${here}/council`, viewer.view.plies);
}

Object.assign(viewer.actions, {
  council: () => void council?.ask(viewer.ply()),
  next: () => step("next"),
  previous: () => step("previous"),
  copy: () => void share(viewer.ply()),
});

/**
 * By the phone's own sheet where there is one, else onto the clipboard.
 * @param {number} ply
 */
async function share(ply) {
  const url = permalink(ply).href;
  if (navigator.share !== undefined && matchMedia("(pointer: coarse)").matches) {
    try {
      await navigator.share({ title: document.title, url });
      return;
    } catch (error) {
      // Whoever closed the sheet wants no copy either.
      if (error instanceof DOMException && error.name === "AbortError") return;
    }
  }
  try {
    await navigator.clipboard.writeText(url);
    viewer.tell(say("copy.ply", { ply }));
    // On a phone this button is far below the board, on which the answer stands.
    if (sharer instanceof HTMLElement) answerOn(sharer, say("copy.copied"));
  } catch {
    history.replaceState(null, "", url);
    viewer.tell(say("copy.from_bar"));
  }
}

/** @param {string} where */
function step(where) {
  const link = root.querySelector(`[data-step=${where}]`);
  if (link instanceof HTMLAnchorElement) location.assign(link.href);
}
