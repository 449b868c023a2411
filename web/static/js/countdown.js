// @ts-check
/** Times that count down to a moment, such as the close of a round. */

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
  if (days > 0) return `${days}d ${two(hours)}h ${two(minutes)}m`;
  if (hours > 0) return `${two(hours)}h ${two(minutes)}m ${two(rest)}s`;
  return `${two(minutes)}m ${two(rest)}s`;
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
      time.textContent = left > 0 ? leftText(left) : "closing now";
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  }
}
