import assert from "node:assert/strict";
import { test } from "node:test";
import { expanded, headingsOf } from "../../../web/static/js/compact.js";

const SMALL = {
  height: 8,
  width: 8,
  names: ["a", "b"],
  kinds: ["model", "model"],
  plies: 3,
  lead_in: [null, [5, 5]],
  starts: [
    [1, 1],
    [5, 4],
  ],
  moves: ["R2D", "L3"],
  causes: ["none", "wall"],
  outcome: "first_wins",
  ending: "rules",
};

test("runs become one heading a ply", () => {
  assert.deepEqual(headingsOf("U2R3L"), [0, 0, 1, 1, 1, 3]);
  assert.deepEqual(headingsOf("U0"), []);
});

test("moves become cells; who died did not move on the last ply", () => {
  const { trails, headings } = expanded(SMALL);
  assert.deepEqual(trails[0], [
    [1, 1],
    [1, 2],
    [1, 3],
    [2, 3],
  ]);
  assert.deepEqual(trails[1], [
    [5, 4],
    [5, 3],
    [5, 2],
  ]);
  assert.deepEqual(headings, [2, 3]);
});

test("a game without plies keeps the headings of its start", () => {
  const { trails, headings } = expanded({ ...SMALL, plies: 0, moves: ["R0", "L0"], causes: ["none", "none"] });
  assert.deepEqual(trails.map((trail) => trail.length), [1, 1]);
  assert.deepEqual(headings, [1, 3]);
});

test("a view with cells is left alone", () => {
  const view = { trails: [[], []] };
  assert.equal(expanded(view), view);
});
