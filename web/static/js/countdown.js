// @ts-check
/** Times that count down to a moment, such as the close of a round. */

import { say } from "./words.js";

/**
 * @param {number} ms  until then
 * @returns {string} such as "2d 04h 09m", "04h 09m 30s" or "09m 30s"
 */
function leftText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes, rest] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  /** @param {number} value */
  const two = (value) => String(value).padStart(2, "0");
  const key = days > 0 ? "days" : hours > 0 ? "hours" : "minutes";
  const parts = { days, hours: two(hours), minutes: two(minutes), seconds: two(rest) };
  return say(`countdown.${key}`, parts);
}

/** @param {ParentNode} [root] */
export function startCountdowns(root = document) {
  for (const time of root.querySelectorAll("time[data-countdown]")) {
    if (!(time instanceof HTMLTimeElement)) continue;
    const then = Date.parse(time.dateTime);
    time.title = time.textContent ?? "";
    const tick = () => {
      if (!time.isConnected) return;
      const left = then - Date.now();
      time.textContent = left > 0 ? leftText(left) : say("countdown.closing");
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  }
}
