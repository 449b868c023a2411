// @ts-check
/** Copying at the press of a button. */

const SAID_MS = 1600;

/**
 * Copy a text, and say on the button for a moment what became of it.
 * @param {HTMLElement} button
 * @param {string} text
 * @param {string} otherwise  what to do where the browser refuses
 */
export async function copyText(button, text, otherwise) {
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = otherwise;
  }
  setTimeout(() => {
    button.textContent = said;
  }, SAID_MS);
}
