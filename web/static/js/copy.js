// @ts-check
/** Copying at the press of a button. */

import { say } from "./words.js";

const SAID_MS = 1600;

/**
 * Copy a text, and say on the button for a moment what became of it.
 * @param {HTMLElement} button
 * @param {string} text
 * @param {string} otherwise  what to do where the browser refuses
 */
export async function copyText(button, text, otherwise) {
  const said = [...button.childNodes];
  if (button.dataset.said !== undefined) return;
  try {
    await navigator.clipboard.writeText(text);
    button.dataset.said = say("copy.copied");
  } catch {
    button.dataset.said = otherwise;
  }
  button.replaceChildren(button.dataset.said);
  setTimeout(() => {
    delete button.dataset.said;
    button.replaceChildren(...said);
  }, SAID_MS);
}
