// @ts-check
/** A model's page: the heat map of where it rides, and thumbnails of its games. */

import { readLook } from "./look.js";
import { drawThumbs } from "./thumbs.js";

/**
 * @param {number[][]} counts  by row and column
 * @returns {number} the count that is drawn brightest: few cells are above it
 */
function brightest(counts) {
  const sorted = counts.flat().sort((a, b) => a - b);
  return Math.max(1, sorted[Math.floor(sorted.length * 0.98)] ?? 1);
}

/** @param {HTMLCanvasElement} canvas */
function drawMap(canvas) {
  /** @type {number[][]} */
  const visited = JSON.parse(canvas.dataset.heatMap ?? "[]");
  /** @type {number[][]} */
  const died = JSON.parse(canvas.dataset.died ?? "[]");
  const context = canvas.getContext("2d");
  if (context === null || visited.length === 0) return;
  const cell = 16;
  canvas.width = visited[0].length * cell;
  canvas.height = visited.length * cell;
  const look = readLook(canvas);
  context.fillStyle = look.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const most = brightest(visited);
  context.fillStyle = look.seats[0];
  for (const [row, counts] of visited.entries()) {
    for (const [col, count] of counts.entries()) {
      if (count === 0) continue;
      context.globalAlpha = 0.06 + 0.84 * Math.min(1, count / most);
      context.fillRect(col * cell + 0.5, row * cell + 0.5, cell - 1, cell - 1);
    }
  }
  const deadliest = Math.max(1, ...died.flat());
  context.strokeStyle = look.seats[1];
  context.lineWidth = 2;
  for (const [row, counts] of died.entries()) {
    for (const [col, count] of counts.entries()) {
      if (count === 0) continue;
      context.globalAlpha = 0.35 + 0.65 * (count / deadliest);
      const [x, y] = [col * cell + cell / 2, row * cell + cell / 2];
      context.beginPath();
      context.moveTo(x - 4, y - 4);
      context.lineTo(x + 4, y + 4);
      context.moveTo(x + 4, y - 4);
      context.lineTo(x - 4, y + 4);
      context.stroke();
    }
  }
  context.globalAlpha = 1;
  canvas.dataset.drawn = "true";
}

const map = document.querySelector("canvas[data-heat-map]");
if (map instanceof HTMLCanvasElement) drawMap(map);
drawThumbs();
