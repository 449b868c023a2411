import assert from "node:assert/strict";
import { test } from "node:test";
import { betterWay, mistakes, ownerOf } from "../../../web/static/js/overlay.js";

test("owners are two bits a cell, the first in the lowest", () => {
  const owners = { packed: Uint8Array.from([0b11_10_01_00, 0b00_00_00_10]), rows: 1, cols: 4 };
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => ownerOf(owners, 0, index)),
    [0, 1, 2, 3],
  );
  assert.equal(ownerOf(owners, 1, 0), 2);
});

test("a mistake compares the move that was played with the better one", () => {
  const view = {
    trails: [
      [
        [5, 5],
        [5, 6],
        [6, 6],
      ],
      [[1, 1]],
    ],
    headings: [2, 0],
  };
  const marks = [
    { ply: 2, kind: "self_trap", seat: 0, better: 1, line: [] },
    { ply: 1, kind: "blunder", seat: 1, better: 2, line: [2, 0, 1] },
    { ply: 2, kind: "decided", seat: 0, better: null, line: [] },
  ];
  assert.deepEqual(mistakes(view, marks), [
    { ply: 2, seat: 0, from: [5, 6], played: 2, better: 1, line: [], kind: "self_trap" },
    { ply: 1, seat: 1, from: [1, 1], played: 0, better: 2, line: [2, 0, 1], kind: "blunder" },
  ]);
});

test("the better way follows the rider's own moves of the line, or tells a direction", () => {
  const from = [5, 5];
  assert.deepEqual(betterWay({ from, better: 0, line: [0, 2, 1, 2, 1] }), [from, [4, 5], [4, 6], [4, 7]]);
  assert.deepEqual(betterWay({ from, better: 0, line: [] }), [from, [4, 5], [3, 5], [2, 5]]);
});
