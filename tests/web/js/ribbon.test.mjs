import assert from "node:assert/strict";
import test from "node:test";
import { corners, tail, traceNotches, traceRibbon } from "../../../web/static/js/ribbon.js";

const BEND = [[1, 1], [1, 2], [1, 3], [2, 3], [3, 3.5]];

/** @returns a path that writes down what is traced */
function recorder() {
  const calls = [];
  const note = (name) => (...args) => calls.push([name, ...args]);
  return { calls, moveTo: note("move"), lineTo: note("line"), quadraticCurveTo: note("curve") };
}

test("straight runs collapse to their ends", () => {
  assert.deepEqual(corners([[1, 1], [1, 2], [1, 3], [2, 3], [3, 3]]), [[1, 1], [1, 3], [3, 3]]);
  assert.deepEqual(corners([[1, 1], [1, 1]]), [[1, 1]]);
});

test("the tail is exactly as long as asked for", () => {
  assert.deepEqual(tail([[1, 1], [1, 2], [1, 3], [2, 3]], 1.5), [[1, 2.5], [1, 3], [2, 3]]);
  assert.deepEqual(tail([[1, 1], [1, 2]], 9), [[1, 1], [1, 2]]);
});

test("a corner becomes one curve and ends stay where they are", () => {
  const path = recorder();
  traceRibbon(path, [[0, 0], [0, 1], [1, 1]], ([row, col]) => [col * 10, row * 10], 10);
  assert.deepEqual(path.calls[0], ["move", 0, 0]);
  assert.equal(path.calls.filter(([name]) => name === "curve").length, 1);
  assert.deepEqual(path.calls.at(-1), ["line", 10, 10]);
});

test("one notch lies between every two cells, across the ribbon", () => {
  const path = recorder();
  traceNotches(path, BEND.slice(0, 3), ([row, col]) => [col * 10, row * 10], 3);
  assert.deepEqual(path.calls, [
    ["move", 15, 7],
    ["line", 15, 13],
    ["move", 25, 7],
    ["line", 25, 13],
  ]);
});
