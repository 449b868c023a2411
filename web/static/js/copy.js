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
  if (button.dataset.said !== undefined) return;
  try {
    await navigator.clipboard.writeText(text);
    answerOn(button, say("copy.copied"));
  } catch {
    answerOn(button, otherwise);
  }
}

/**
 * Say on a button for a moment what became of its press.
 * @param {HTMLElement} button
 * @param {string} answer
 */
export function answerOn(button, answer) {
  if (button.dataset.said !== undefined) return;
  const said = [...button.childNodes];
  button.dataset.said = answer;
  button.replaceChildren(answer);
  setTimeout(() => {
    delete button.dataset.said;
    button.replaceChildren(...said);
  }, SAID_MS);
}
