// @ts-check
/** The graphs under the scrubber: a thin face over uPlot, in the colours of the page. */

import uPlot from "uplot";

/**
 * Resolve a colour token, which may differ between themes.
 * @param {Element} near
 * @param {string} name
 * @param {number} [alpha]
 */
function colour(near, name, alpha = 1) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  near.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  const parts = found.match(/[\d.]+/g);
  return alpha === 1 || parts === null ? found : `rgba(${parts.slice(0, 3).join()},${alpha})`;
}

/**
 * @typedef {object} Line
 * @property {string} token  of its colour
 * @property {(number|null)[]} values  one a ply
 * @property {number} [fill]  alpha of the area towards zero
 */

/**
 * @typedef {object} Chart
 * @property {(ply: number) => void} follow  move the cursor
 */

/**
 * @param {HTMLElement} parent
 * @param {Line[]} lines
 * @param {(ply: number) => void} onSeek
 * @param {{zero?: boolean}} [options]  `zero` draws a line at 0 and keeps it in the middle
 * @returns {Chart}
 */
export function chart(parent, lines, onSeek, options = {}) {
  const plies = lines[0].values.length - 1;
  const most = Math.max(1, ...lines.flatMap(({ values }) => values.map((each) => Math.abs(each ?? 0))));
  const data = /** @type {uPlot.AlignedData} */ ([
    Array.from({ length: plies + 1 }, (_, ply) => ply),
    ...lines.map(({ values }) => values),
  ]);
  /** @type {uPlot|null} */
  let plot = null;
  const draw = () => {
    const size = { width: parent.clientWidth, height: parent.clientHeight };
    if (size.width === 0) return;
    plot?.destroy();
    plot = new uPlot(
      {
        ...size,
        padding: [4, 0, 4, 0],
        legend: { show: false },
        cursor: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: {
          x: { time: false, range: [0, Math.max(plies, 1)] },
          y: { range: options.zero === true ? [-most, most] : [0, most] },
        },
        series: [
          {},
          ...lines.map(({ token, fill }) => ({
            stroke: colour(parent, token),
            width: 1.5,
            points: { show: false },
            ...(fill === undefined ? {} : { fill: colour(parent, token, fill) }),
          })),
        ],
        hooks: {
          draw: [
            (/** @type {uPlot} */ drawn) => {
              if (options.zero !== true) return;
              const { ctx, bbox } = drawn;
              const y = Math.round(drawn.valToPos(0, "y", true));
              ctx.fillStyle = colour(parent, "--edge");
              ctx.fillRect(bbox.left, y, bbox.width, 1);
            },
          ],
        },
      },
      data,
      parent,
    );
  };
  const needle = document.createElement("i");
  needle.className = "needle";
  parent.append(needle);
  /** @param {number} ply */
  const follow = (ply) => {
    // In percent of its own width, which is the graph's: nothing is measured while one scrubs.
    needle.style.transform = `translateX(${plies === 0 ? -100 : (100 * ply) / plies - 100}%)`;
    parent.dataset.ply = String(ply);
  };
  /** @param {PointerEvent} event */
  const seek = (event) => {
    const box = parent.getBoundingClientRect();
    const part = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    onSeek(Math.round(part * plies));
  };
  parent.addEventListener("pointerdown", (event) => {
    parent.setPointerCapture(event.pointerId);
    seek(event);
  });
  parent.addEventListener("pointermove", (event) => {
    if (parent.hasPointerCapture(event.pointerId)) seek(event);
  });
  new ResizeObserver(draw).observe(parent);
  addEventListener("theme", draw);
  return { follow };
}
