import assert from "node:assert/strict";
import test from "node:test";
import { nextRung, standing } from "../../../web/static/js/ladder.js";

test("a win leads one rung up, anything else one down", () => {
  assert.equal(nextRung(3, 6, true), 2);
  assert.equal(nextRung(3, 6, false), 4);
});

test("at the ends the ladder turns, and nobody is met twice in a row where there are two", () => {
  assert.equal(nextRung(0, 6, true), 1);
  assert.equal(nextRung(5, 6, false), 4);
  assert.equal(nextRung(0, 2, true), 1);
  assert.equal(nextRung(1, 2, false), 0);
  assert.equal(nextRung(0, 1, true), 0);
});

test("one sits above the highest rung that was beaten", () => {
  const rungs = ["c", "b", "a"].map((name) => ({ name, beaten: false }));
  assert.match(standing(rungs), /Beat anybody/);
  rungs[2].beaten = true;
  assert.equal(standing(rungs), "You sit between a and b.");
  rungs[0].beaten = true;
  assert.equal(standing(rungs), "You sit at the very top.");
});
