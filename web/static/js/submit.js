// @ts-check
/** The miners' pages: upload with progress, the live verdict, copying a token. */

import { copyText } from "./copy.js";
import { partsAsServed, swapParts } from "./status.js";
import { drawThumbs } from "./thumbs.js";
import { say } from "./words.js";

const POLL_MS = 1_000;

/**
 * Send a form in the background and go where its answer leads; show how much is sent.
 * @param {HTMLFormElement} form
 * @param {HTMLProgressElement} bar
 */
function sendWithProgress(form, bar) {
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = total === 0 ? 1 : loaded / total;
  });
  request.addEventListener("load", () => {
    if (request.status < 400) {
      location.assign(request.responseURL);
      return;
    }
    // The answer is this page with the reason on it; what was chosen is still in the form.
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    showRefusal(form, answer.querySelector(".refusal, .error-page p")?.textContent ?? say("submit.refused"));
  });
  request.addEventListener("error", () => {
    showRefusal(form, say("submit.broken"));
  });
  request.addEventListener("loadend", () => {
    bar.hidden = true;
    if (button !== null) button.disabled = request.status > 0 && request.status < 400;
  });
  bar.value = 0;
  bar.hidden = false;
  if (button !== null) button.disabled = true;
  request.open("POST", form.action);
  request.send(new FormData(form));
}

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 */
function showRefusal(form, text) {
  form.querySelector(".refusal")?.remove();
  const shown = document.createElement("p");
  shown.className = "refusal";
  shown.setAttribute("role", "alert");
  shown.textContent = text;
  form.querySelector("h2")?.after(shown);
}

/** @param {HTMLFormElement} form */
function wireUpload(form) {
  const input = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress");
  const text = form.querySelector("[data-drop-text]");
  if (!(input instanceof HTMLInputElement) || bar === null || text === null) return;
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file === undefined) return;
    text.textContent = say("submit.file", {
      name: file.name,
      megabytes: (file.size / 2 ** 20).toFixed(2),
    });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sendWithProgress(form, bar);
  });
}

/** Bring in the verdict as it comes. */
async function followVerdict() {
  const served = partsAsServed();
  while (document.querySelector("[data-pending]") !== null) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      await swapParts(served);
      drawThumbs();
    } catch {
      // The server is away; the next turn asks again.
    }
  }
}

const form = document.querySelector("form#upload");
if (form instanceof HTMLFormElement) wireUpload(form);

const copy = document.querySelector("[data-copy-token]");
const token = document.querySelector("[data-token]");
if (copy instanceof HTMLButtonElement && token !== null && navigator.clipboard !== undefined) {
  copy.hidden = false;
  copy.addEventListener("click", () => void copyText(copy, token.textContent ?? "", say("copy.by_hand")));
}

drawThumbs();
void followVerdict();
